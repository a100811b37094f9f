"""CloudWatch's metric math, as far as the template uses it. Its expressions happen to be Python's, too."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


def evaluate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The datapoint of a minute; None where one that it needs is missing, or it divides by zero.

    Raises ValueError for what is not known here, so that a template that uses more is noticed.
    """
    return _value(ast.parse(expression, mode="eval").body, values)


def _value(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    found: float | None
    match node:
        case ast.Constant(value=int() | float() as number):
            found = float(number)
        case ast.Name(id=name):
            found = values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _pair(operator.sub, ast.Constant(0), operand, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, other]):
            found = _value(metric, values)
            found = _value(other, values) if found is None else found
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = _value(condition, values)
            found = None if holds is None else _value(then if holds else otherwise, values)
        case ast.BinOp(left=left, op=kind, right=right):
            found = _pair(_ARITHMETIC[type(kind)], left, right, values)
        case ast.Compare(left=left, ops=[kind], comparators=[right]):
            found = _pair(_COMPARISONS[type(kind)], left, right, values)
        case _:
            raise ValueError(f"{ast.unparse(node)} is not known here")
    return found


def _pair(
    function: Callable[[float, float], float],
    left: ast.expr,
    right: ast.expr,
    values: Mapping[str, float | None],
) -> float | None:
    first, second = _value(left, values), _value(right, values)
    if first is None or second is None:
        return None
    try:
        return float(function(first, second))
    except ZeroDivisionError:
        return None
