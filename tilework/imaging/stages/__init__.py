"""Large images: stages of units, none of which ever holds the image.

An operation that must know the whole image is *measured* by units, whose partials a tree of nodes *reduces*
(:mod:`measuring`). Then the result is *written* by units, which are blocks of whole tiles (:mod:`writing`), together with the first
overviews; the higher *overviews* are written from the lowest of those in the same way. What stages leave for each other
lies in a :mod:`scratch`. :mod:`on_one_host` runs them all on the ranks of one host, into one file.
"""
