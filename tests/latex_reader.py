"""Reads the small part of LaTeX that formulas of functions are written in, as numbers.

A second opinion on these formulas: it shares nothing with the code that they describe.
"""

from __future__ import annotations

import math
import re

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\[{}]|\d+(?:\.\d+)?|[A-Za-z]|[-+*/^_(){}\[\]|,<>&=]")
SPACES = re.compile(r"\\[,;:! ]|\\q?quad|\\left|\\right|\\bigl?|\s|~")

FUNCTIONS = {
    r"\tanh": math.tanh,
    r"\cosh": math.cosh,
    r"\sin": math.sin,
    r"\ln": math.log,
    r"\arccos": math.acos,
    r"\Phi": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    r"\phi": lambda x: math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
    "erf": math.erf,
    "sign": lambda x: float((x > 0) - (x < 0)),
}
RELATIONS = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    r"\le": lambda a, b: a <= b,
    r"\ge": lambda a, b: a >= b,
}


def value(formula, **letters):
    r"""The number that `formula` is for the letters given (``Delta=0.1`` for ``\Delta``)."""
    begin, end = r"\begin{cases}", r"\end{cases}"
    if begin in formula:
        body = formula.partition(begin)[2].partition(end)[0]
        for row in body.split(r"\\"):
            result, condition = row.split("&")
            if Reader(condition, letters).relation():
                return value(result, **letters)
        raise ValueError(f"no case of {formula} holds")
    reader = Reader(formula, letters)
    result = reader.sum()
    if reader.tokens:
        raise ValueError(f"left over of {formula}: {reader.tokens}")
    return result


class Reader:
    def __init__(self, formula, letters):
        text = SPACES.sub(" ", formula)
        self.tokens = TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"cannot read {formula}")
        self.letters = letters

    def peek(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, expected=None):
        token = self.tokens.pop(0)
        if expected is not None and token != expected:
            raise ValueError(f"{token} where {expected} should be")
        return token

    def relation(self):
        left, holds = self.sum(), True
        while self.peek() in RELATIONS:
            compare = RELATIONS[self.take()]
            right = self.sum()
            holds, left = holds and compare(left, right), right
        assert not self.tokens
        return holds

    def sum(self):
        total = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in ("+", "-"):
            sign = 1.0 if self.take() == "+" else -1.0
            total += sign * self.product()
        return total

    def product(self):
        result = self.power()
        while self.peek() not in ("", "+", "-", ")", "}", "]", ",", r"\rvert", *RELATIONS):
            if self.peek() in (r"\cdot", r"\times"):
                self.take()
            if self.peek() == "/":
                self.take()
                result /= self.power()
            else:
                result *= self.power()
        return result

    def power(self):
        base = self.atom()
        if self.peek() == "^":
            self.take()
            base = base ** self.braced()
        return base

    def braced(self):
        if self.peek() != "{":
            return self.atom()
        return self.enclosed("{", "}")

    def enclosed(self, left, right):
        self.take(left)
        result = self.sum()
        self.take(right)
        return result

    def atom(self):
        token = self.take()
        if token[0].isdigit():
            return float(token)
        if token in ("(", "["):
            self.tokens.insert(0, token)
            return self.enclosed(token, ")" if token == "(" else "]")
        if token == r"\lvert":
            self.tokens.insert(0, token)
            return abs(self.enclosed(token, r"\rvert"))
        if token in (r"\frac", r"\tfrac"):
            return self.fraction(token)
        if token == r"\sqrt":
            return math.sqrt(self.braced())
        if token == r"\infty":
            return math.inf
        if token in (r"\max", r"\min"):
            self.take("(")
            one = self.sum()
            self.take(",")
            two = self.sum()
            self.take(")")
            return max(one, two) if token == r"\max" else min(one, two)
        if token == r"\operatorname":
            token = self.word()
        if token == r"\mathbf":  # an indicator
            self.take("{"), self.take("1"), self.take("}"), self.take("[")
            left = self.sum()
            compare = RELATIONS[self.take()]
            holds = compare(left, self.sum())
            self.take("]")
            return float(holds)
        if token in FUNCTIONS:
            return self.function(FUNCTIONS[token])
        if token == "e":
            if self.peek() == "^":
                self.take()
                return math.exp(self.braced())
            return math.e
        if token == r"\pi":
            return math.pi
        return self.letters[token.removeprefix("\\") + self.subscript()]

    def fraction(self, kind):
        if kind == r"\tfrac" and self.peek() != "{":  # \tfrac12
            digits = self.take()
            return float(digits[0]) / float(digits[1:])
        above = self.braced()
        return above / self.braced()

    def function(self, function):
        power = None
        if self.peek() == "^":
            self.take()
            power = self.braced()
        result = function(self.atom() if self.peek() in ("(", r"\lvert") else self.product())
        return result if power is None else result**power

    def word(self):
        self.take("{")
        letters = ""
        while self.peek() != "}":
            letters += self.take()
        self.take("}")
        return letters

    def subscript(self):
        if self.peek() != "_":
            return ""
        self.take()
        if self.peek() != "{":
            return "_" + self.take()
        return "_" + self.word()
