"""The ``nishimori`` command: reads the arguments, runs a verb, turns errors into one line."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from nishimori._version import __version__
from nishimori.cli.command import spelled_out
from nishimori.cli.model import merge
from nishimori.cli.options import collect, named_in_file
from nishimori.cli.output import flush_standard_output
from nishimori.errors import BadArgument, NishimoriError, NishimoriWarning, suggest

__all__ = ["VERBS", "main"]

VERBS = ("reduce", "curve", "phases", "erm", "simulate", "sweep", "reproduce")
"""One module of `nishimori.cli` each."""

_NEGATIVE = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions of ours."""

    def error(self, message: str) -> NoReturn:
        wrong = re.fullmatch(r"argument (\S+): expected one argument", message)
        raise BadArgument(f"{wrong[1]} needs a value" if wrong else message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, by default those of the process.

    Returns
    -------
    int
        0 done, 1 a point failed, 2 bad arguments, 130 interrupted.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        with warnings.catch_warnings():
            _say_warnings_in_one_line()
            return _run(arguments)
    except NishimoriError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def _run(arguments: list[str]) -> int:
    verbs = {name: import_module(f"nishimori.cli.{name}") for name in VERBS}
    parser, of_verb = _parsers(verbs)
    _check_verb(arguments)
    try:
        namespace, extra = parser.parse_known_args(_join_negative_values(arguments))
    except SystemExit:  # --help and --version have printed what they print
        flush_standard_output()
        return 0
    if extra:
        _refuse(extra[0], of_verb.get(namespace.verb, parser))
    if namespace.verb is None:
        raise BadArgument(f"a verb is needed: {', '.join(VERBS)}; nishimori --help says more")
    given = vars(namespace)
    name = given.pop("verb")
    verb = verbs[name]
    every = {option.name for other in verbs.values() for option in other.OPTIONS}
    from_line, from_file, texts = collect(given, verb.OPTIONS, sorted(every))
    values = merge(from_line, from_file)
    left = {name: value for name, value in values.items() if name not in from_line}
    if "config" in given:
        values["config"] = given["config"]
    values["command"] = spelled_out(name, texts, values, verb.OPTIONS)
    try:
        status: int = verb.run(values)
    except NishimoriError as error:
        if not left:
            raise
        raise named_in_file(error, given["config"], left, verb.OPTIONS) from None
    return status


def _parsers(verbs: dict[str, Any]) -> tuple[_Parser, dict[str, argparse.ArgumentParser]]:
    parser = _Parser(
        prog="nishimori",
        description="Exact learning curves of deep random networks.",
        epilog="nishimori VERB --help says what a verb takes.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nishimori {__version__}")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    of_verb: dict[str, argparse.ArgumentParser] = {}
    for name, verb in verbs.items():
        of_verb[name] = subparsers.add_parser(
            name,
            help=verb.SUMMARY,
            description=verb.SUMMARY,
            epilog=f"example: {verb.EXAMPLE}",
            usage=f"nishimori {name} [--config FILE.toml] [options]",
            allow_abbrev=False,
        )
        of_verb[name].add_argument(
            "--config",
            metavar="FILE.toml",
            default=argparse.SUPPRESS,
            help="read options from a file, as some_option = value; the command line overrides it",
        )
        for option in verb.OPTIONS:
            option.add_to(of_verb[name])
        if hasattr(verb, "ARGUMENT"):  # the one option that may be written without its name
            of_verb[name].add_argument(
                verb.ARGUMENT, nargs="?", metavar="FILE", default=argparse.SUPPRESS
            )
    return parser, of_verb


def _check_verb(arguments: list[str]) -> None:
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        error = suggest(arguments[0], VERBS, "verb")
        raise BadArgument(f"{error} (verbs: {', '.join(VERBS)})")


def _refuse(argument: str, parser: argparse.ArgumentParser) -> NoReturn:
    """Say what is wrong with an argument that no option has taken."""
    if not argument.startswith("-"):
        raise BadArgument(f"unexpected argument {argument!r}; every option is written --name value")
    known = re.findall(r"--[a-z-]+", parser.format_help().split("example:")[0])
    raise suggest(argument.partition("=")[0], set(known), "option")


def _join_negative_values(arguments: list[str]) -> list[str]:
    """``--offset -1e-3`` as ``--offset=-1e-3``: argparse takes the value for an option."""
    joined: list[str] = []
    for argument in arguments:
        previous = joined[-1] if joined else ""
        if _NEGATIVE.match(argument) and previous.startswith("--") and "=" not in previous:
            joined[-1] = f"{previous}={argument}"
        else:
            joined.append(argument)
    return joined


def _say(text: str) -> None:
    print(f"nishimori: {' '.join(text.split())}", file=sys.stderr)


def _say_warnings_in_one_line() -> None:
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, NishimoriWarning):
            _say(f"warning: {message}")
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = show


if __name__ == "__main__":
    sys.exit(main())
