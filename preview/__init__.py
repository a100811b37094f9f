"""The live preview: a region of an image through the workers' own kernels, small pictures of jobs, and what a viewer asks for.

A service of its own, for it needs NumPy and OpenCV, which the master has not. It reads images and rows, and writes nothing.
"""
