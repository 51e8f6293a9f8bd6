"""Compiled kernels: floats and arrays in, floats and arrays out; no object of the package."""
