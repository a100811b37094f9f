"""Tilework turns a bucket into an image processing plant. This is the way of an image through it:

1. *Drop.* Somebody puts an object into the input bucket: a browser, the command line, any S3 client. What to do with
   it stands in its metadata (``pipeline: blur(9) | canny(100, 200)``), in the folder it lies in, or in the deployment's
   default (:mod:`tilework.jobs.presets`). There is no other way in.
2. *Queue.* S3 tells the jobs queue. The message becomes an :class:`~tilework.jobs.job.Ask`, whose identity is that of
   the object's version: however often it is told, it is one job (:mod:`tilework.jobs.messages`).
3. *Claim.* A worker host claims the job in the job table by a conditional write: a lease with an end
   (:mod:`tilework.jobs.life`). The table is the authority on where every job stands.
4. *Plan.* The header is read, and only that: what is too large, damaged or of an unknown kind is refused before any
   pixel has memory (:mod:`tilework.imaging.formats`, :mod:`tilework.imaging.plan`).
5. *Process.* A rank of the host's MPI world (:mod:`tilework.world`) decodes the image, runs the pipeline's OpenCV
   kernels and encodes the result (:mod:`tilework.imaging.run`), within bounds of time and memory
   (:mod:`tilework.guard`).
6. *Store.* One PUT into the output bucket, under a key that no other job can have (:mod:`tilework.jobs.object_keys`).
7. *Finish.* In this order: the result is stored; the row says DONE; the message is deleted. So whatever dies in
   between, the work is found again.

Pixels (:mod:`~tilework.imaging`) know nothing of jobs, jobs (:mod:`~tilework.jobs`) nothing of pixels or AWS;
:mod:`~tilework.aws` is the only part that speaks to AWS. The programs that put them together live beside this package:
``worker_image`` on the hosts, ``master`` for the page and the keeper, ``local`` for all of it on one machine.
"""  # noqa: D400, D415 - the list belongs to the sentence

__version__ = "0.1.0"
