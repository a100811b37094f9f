"""Large images over a whole fleet: the stages of imaging as units of jobs, from one object to another.

A rank rebuilds all that the stages need from the plan's text (:mod:`blueprint`), does a unit (:mod:`workshop`), and
leaves what it makes in a few objects with a table in the unit's manifest (:mod:`bundles`, :mod:`made`). The assembly
joins the tiles of all units into the result (:mod:`assembly`). What is done meanwhile can be seen (:mod:`tiles_so_far`).
"""
