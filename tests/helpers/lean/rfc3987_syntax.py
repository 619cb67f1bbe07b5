"""Stands before the package of that name in a test's Ray cluster: every process that imports Ray would load it.

JupyterLab brings it, jsonschema imports it where it is there, and it builds a grammar for two seconds of a processor,
with which Ray checks nothing. jsonschema does without it where it cannot be imported.
"""

raise ImportError("left out for Ray's processes")
