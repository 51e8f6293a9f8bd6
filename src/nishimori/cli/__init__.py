"""The ``nishimori`` command: one verb per module, none of which imports NumPy before it runs.

A verb is a module ``nishimori.cli.<verb>`` with a `SUMMARY` (one line of help), an `EXAMPLE`
(a command that works), `OPTIONS` (a tuple of `options.Option`, which are the keys of its TOML file
as well) and ``run(values) -> int``, its exit status; `main.VERBS` lists the verbs.
"""
