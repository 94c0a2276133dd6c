"""Translate CEL to Argo's expression language, so that the controller decides without a pod.

The translation has the outcome of the original on all inputs: true, false, or an error. Where the
languages differ (an absent key is null in expr-lang and an error in CEL, ``&&`` absorbs errors in
CEL only), the translation adds what is needed for the same outcome. If that is impossible, the
condition is :class:`Untranslatable`, and a driver pod evaluates it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from argosy_expressions.cel.ast import (
    Artifacts,
    Call,
    Compare,
    Expression,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    Not,
    Parameter,
)
from argosy_expressions.cel.checking import ANY, BOOL, Kinds
from argosy_expressions.cel.values import FALSE_TEXTS, TRUE_TEXTS, ValueKind, convert
from argosy_expressions.operands import (
    CannotError,
    Operand,
    compare_with_text,
    make_parameter_term,
    make_raw_term,
    make_text_term,
)
from argosy_expressions.terms import (
    ATOM,
    CHOICE,
    COMPARE,
    UNARY,
    Guard,
    Guards,
    Term,
    join,
    make_boolean,
    make_literal,
    negate,
    quote,
)
from argosy_schemas.ir.model import ParameterType


@dataclass(frozen=True, slots=True)
class Untranslatable:
    """Why a condition cannot be an Argo expression."""

    reason: str
    """Continues the words "needs a pod:", e.g. ``it reads the artifact 'model'``."""


def to_argo(expression: Expression, operands: Mapping[str, Operand]) -> str | Untranslatable:
    """Return a condition in Argo's expression language, without ``{{= }}`` around it.

    The result yields a boolean or fails. Apart from the operands' expressions it holds no ``{{``,
    no ``}}`` and no double quote.

    Args:
        expression: The condition.
        operands: The operand of every parameter that the condition reads.
    """
    try:
        return _Translation(operands).condition(expression.root).text
    except CannotError as error:
        return Untranslatable(str(error))


_LIMIT = "9.223372036854776e18"
"""2 to the power of 63: from here on CEL's ``int()`` fails, and Go's result is undefined."""

_NUMBERS: Kinds = frozenset({ValueKind.INT, ValueKind.DOUBLE})
_TEXT: Kinds = frozenset({ValueKind.TEXT})
_ORDERED: tuple[Kinds, ...] = (_NUMBERS, _TEXT, BOOL)
_NULL: Kinds = frozenset({ValueKind.NULL})
_TRUTH = ", ".join(
    [f"{quote(text)}: true" for text in TRUE_TEXTS]
    + [f"{quote(text)}: false" for text in FALSE_TEXTS]
)


class _Translation:
    def __init__(self, operands: Mapping[str, Operand]) -> None:
        self._operands = operands

    def condition(self, node: Node) -> Term:
        """Return the term of a node that must yield a boolean."""
        if isinstance(node, Parameter) and not self._operands[node.name].is_certain:
            term = self._as_it_is(node, BOOL)
            if term.kinds <= BOOL | _NULL:
                return make_boolean(f"!!{term.at(ATOM)}", UNARY, self._null_guard(term))
        term = self.value(node)
        if term.kinds == BOOL:
            return term
        if ValueKind.BOOL not in term.kinds:
            raise CannotError("it uses a value as a boolean that is never one")
        # A double negation fails on anything but a boolean, and keeps the value.
        checked = self._null_guard(term) if term.kinds <= BOOL | _NULL else self._kind_guard(term)
        return make_boolean(f"!!{term.at(ATOM)}", UNARY, term.may_fail | checked)

    def value(self, node: Node) -> Term:
        match node:
            case Literal(value):
                return make_literal(value)
            case Parameter(name):
                return make_parameter_term(name, self._operands[name])
            case Index(operand, Literal(str() as key)):
                return self._member(self.value(operand), key)
            case Index(operand, Literal(int() as index)) if not isinstance(index, bool):
                return self._item(self.value(operand), index)
            case Call():
                return self._call(node)
            case Not(operand):
                return negate(self.condition(operand))
            case Compare():
                return self._compare(node)
            case Logic(operator, operands):
                terms = [self.condition(operand) for operand in operands]
                if (term := join(operator, terms)) is None:
                    raise CannotError(
                        f"'{operator}' must evaluate both sides although either may fail"
                    )
                return term
            case Artifacts(name):
                raise CannotError(f"it reads the artifact '{name}'")
            case Index():
                raise CannotError("it reads a member by a computed key")
            case Name(name):
                raise CannotError(f"it reads '{name}', which is not an input")

    def _as_it_is(self, node: Node, kinds: Kinds) -> Term:
        """Return the term of a node for an operation that fails on all but ``kinds`` anyway."""
        if isinstance(node, Parameter):
            operand = self._operands[node.name]
            wanted = operand.accepted_kinds & operand.possible_kinds
            if operand.type is not ParameterType.STRING and wanted <= kinds | _NULL:
                return replace(
                    make_raw_term(operand), kinds=wanted | (operand.possible_kinds & _NULL)
                )
        return self.value(node)

    def _member(self, container: Term, key: str) -> Term:
        if ValueKind.MAP not in container.kinds:
            raise CannotError(f"it reads '{key}' of a value that has no members")
        text = f"find([{container.text}], {quote(key)} in #)[{quote(key)}]"
        return self._read(text, container)

    def _item(self, container: Term, index: int) -> Term:
        if ValueKind.LIST not in container.kinds or index < 0:
            raise CannotError(f"it reads item {index} of a value that never has it")
        if container.kinds <= {ValueKind.LIST, ValueKind.NULL}:
            return self._read(f"{container.at(ATOM)}[{index}]", container)
        # Without the test the index of a text yields a character.
        return self._read(f"find([{container.text}], type(#) == 'array')[{index}]", container)

    def _read(self, text: str, container: Term) -> Term:
        guards = container.may_fail | {Guard(fact=text, test=None)}
        return Term(text=text, kinds=ANY - {ValueKind.INT}, may_fail=guards, must_fail=guards)

    def _call(self, node: Call) -> Term:
        if isinstance(node.argument, Literal):
            try:
                return make_literal(convert(node.function, node.argument.value))
            except ValueError as error:
                raise CannotError(f"{node.function}() {error}") from error
        if node.function == "int":
            return self._int(self._as_it_is(node.argument, _NUMBERS))
        argument = self.value(node.argument)
        match node.function:
            case "double":
                return self._double(argument)
            case "string":
                return self._string(argument)
            case "bool":
                return self._bool(argument)
            case "parseJson":
                self._require(argument, frozenset({ValueKind.TEXT}), "parseJson")
                text = f"fromJSON({argument.text})"
                return self._convert(argument, text, ANY - {ValueKind.INT}, test=None)

    def _int(self, argument: Term) -> Term:
        self._require(argument, _NUMBERS | {ValueKind.TEXT}, "int")
        result = frozenset({ValueKind.INT})
        if argument.kinds == result:
            return argument
        if argument.kinds <= {ValueKind.TEXT, ValueKind.NULL}:
            return self._convert(argument, f"int({argument.text})", result, test=None)
        if argument.kinds <= _NUMBERS | _NULL:
            # find() yields null for a number out of range, and int() fails on null.
            text = f"int(find([{argument.text}], abs(#) < {_LIMIT}))"
            test = f"{argument.at(COMPARE + 1)} != nil && abs({argument.text}) < {_LIMIT}"
            return self._convert(argument, text, result, test=test)
        text = f"int(find([{argument.text}], type(#) == 'string' || abs(#) < {_LIMIT}))"
        return self._convert(argument, text, result, test=None)

    def _double(self, argument: Term) -> Term:
        self._require(argument, _NUMBERS | {ValueKind.TEXT}, "double")
        result = frozenset({ValueKind.DOUBLE})
        if argument.kinds == result:
            return argument
        text = f"float({argument.text})"
        if argument.kinds <= _NUMBERS | _NULL:
            return self._fail_on_null(argument, text, result)
        return self._convert(argument, text, result, test=None)

    def _string(self, argument: Term) -> Term:
        self._require(argument, _NUMBERS | {ValueKind.TEXT, ValueKind.BOOL}, "string")
        result = frozenset({ValueKind.TEXT})
        nullable = ValueKind.NULL in argument.kinds
        if argument.kinds == result:
            return argument
        if argument.kinds <= result | _NULL:
            return self._fail_on_null(argument, f"({argument.at(ATOM)} + '')", result)
        if argument.kinds <= _NUMBERS | _NULL:
            # string() accepts null, but a product with null fails.
            number = f"{argument.at(ATOM)} * 1.0" if nullable else argument.text
            return self._fail_on_null(argument, f"string({number})", result)
        if argument.kinds <= BOOL | _NULL:
            truth = f"!!{argument.at(ATOM)}" if nullable else argument.text
            return self._fail_on_null(argument, f"string({truth})", result)
        raise CannotError("string() takes a value whose type is known only at run time")

    def _bool(self, argument: Term) -> Term:
        self._require(argument, frozenset({ValueKind.TEXT, ValueKind.BOOL}), "bool")
        if argument.kinds == BOOL:
            return argument
        if argument.kinds <= BOOL | _NULL:
            guards = argument.may_fail | self._null_guard(argument)
            return make_boolean(f"!!{argument.at(ATOM)}", UNARY, guards)
        if argument.kinds <= {ValueKind.TEXT, ValueKind.NULL}:
            # Any other text yields null, and the negation of null fails.
            text = f"!!{{{_TRUTH}}}[{argument.text}]"
            return make_boolean(text, UNARY, argument.may_fail | self._kind_guard(argument))
        raise CannotError("bool() takes a value whose type is known only at run time")

    def _compare(self, node: Compare) -> Term:
        if (found := self._compare_with_text(node)) is not None:
            return found
        left, right = self._sides(node)
        alike = [group for group in _ORDERED if group & left.kinds and group & right.kinds]
        guards = left.may_fail | right.may_fail
        must = left.must_fail | right.must_fail
        if node.operator in ("==", "!="):
            if not alike and not left.kinds & right.kinds:
                # False in CEL; expr-lang refuses to compare if both kinds are visible in the text.
                if guards or not (self._is_certain(node.left) and self._is_certain(node.right)):
                    raise CannotError("it compares values that are never equal")
                return make_literal(node.operator == "!=")
            text = f"{left.at(COMPARE + 1)} {node.operator} {right.at(COMPARE + 1)}"
            return make_boolean(text, COMPARE, guards, must=must)
        if not alike:
            raise CannotError("it orders values that have no order")
        guards |= self._orderable(left, alike) | self._orderable(right, alike)
        must |= self._orderable(left, alike) | self._orderable(right, alike)
        if alike == [BOOL]:
            text = f"{_as_number(left)} {node.operator} {_as_number(right)}"
        elif BOOL in alike:
            raise CannotError("it orders values whose types are known only at run time")
        else:
            text = f"{left.at(COMPARE + 1)} {node.operator} {right.at(COMPARE + 1)}"
        return make_boolean(text, COMPARE, guards, must=must)

    def _sides(self, node: Compare) -> tuple[Term, Term]:
        left, right = self.value(node.left), self.value(node.right)
        if node.operator in ("==", "!="):
            return left, right
        # An order with a number fails on anything but a number, likewise for booleans.
        if right.kinds <= _NUMBERS | _NULL:
            left = self._as_it_is(node.left, _NUMBERS)
        elif left.kinds <= _NUMBERS | _NULL:
            right = self._as_it_is(node.right, _NUMBERS)
        elif left.kinds <= BOOL | _NULL and right.kinds <= BOOL | _NULL:
            left, right = self._as_it_is(node.left, BOOL), self._as_it_is(node.right, BOOL)
        return left, right

    def _compare_with_text(self, node: Compare) -> Term | None:
        """Return the comparison of a STRING, which may hold any value, with a literal."""
        match node.left, node.right:
            case (Parameter(name), Literal(str() | None as value)):
                is_left = True
            case (Literal(str() | None as value), Parameter(name)):
                is_left = False
            case _:
                return None
        operand = self._operands[name]
        if operand.type is not ParameterType.STRING or operand.possible_kinds <= _TEXT | _NULL:
            return None
        if node.operator in ("==", "!="):
            return compare_with_text(name, operand, node.operator, value)
        if value is None:
            return None
        term = make_text_term(name, operand, value)
        sides = (term.text, quote(value)) if is_left else (quote(value), term.text)
        return make_boolean(f" {node.operator} ".join(sides), COMPARE, self._null_guard(term))

    def _is_certain(self, node: Node) -> bool:
        return not isinstance(node, Parameter) or self._operands[node.name].is_certain

    def _orderable(self, term: Term, groups: list[Kinds]) -> Guards:
        if len(groups) == 1 and term.kinds <= groups[0] | _NULL:
            return self._null_guard(term)
        return self._kind_guard(term)

    def _null_guard(self, term: Term) -> Guards:
        if ValueKind.NULL not in term.kinds:
            return frozenset()
        test = None if term.may_fail else f"{term.at(COMPARE + 1)} != nil"
        return frozenset({Guard(fact=f"{term.text} is not null", test=test)})

    def _kind_guard(self, term: Term) -> Guards:
        return frozenset({Guard(fact=f"{term.text} is of the right kind", test=None)})

    def _require(self, term: Term, kinds: Kinds, function: str) -> None:
        if not term.kinds & kinds:
            raise CannotError(f"{function}() takes a value on which it always fails")

    def _fail_on_null(self, argument: Term, text: str, kinds: Kinds) -> Term:
        guards = argument.may_fail | self._null_guard(argument)
        return Term(text=text, kinds=kinds, may_fail=guards, must_fail=guards)

    def _convert(self, argument: Term, text: str, kinds: Kinds, *, test: str | None) -> Term:
        guard = Guard(fact=text, test=None if argument.may_fail else test)
        guards = argument.may_fail | {guard}
        return Term(text=text, kinds=kinds, may_fail=guards, must_fail=guards)


def _as_number(term: Term) -> str:
    # Argo's expressions do not order booleans; the choice fails on anything but a boolean.
    return f"({term.at(CHOICE + 1)} ? 1 : 0)"
