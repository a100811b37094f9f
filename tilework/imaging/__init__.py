"""Pixels: the pipeline language, the operations, the formats, and the engine; knows no job and no cloud.

Nothing here imports OpenCV or NumPy until pixels are touched, so that a program without them (the master's Lambda)
can still read a pipeline and describe every operation.
"""
