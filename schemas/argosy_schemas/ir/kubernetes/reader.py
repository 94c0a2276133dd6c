"""Reading the JSON of a configuration, with findings at the places where they belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from argosy_schemas.findings import Findings, Path, suggest_name
from argosy_schemas.ir.from_json import parameter_input_from_json
from argosy_schemas.ir.kubernetes.leaves import InputParameter, Name, ParameterKind
from argosy_schemas.ir.model import Constant
from argosy_schemas.ir.parameters import describe_json_type
from argosy_schemas.message_text import quote_text
from argosy_schemas.quantities import is_amount
from argosy_schemas.values import JsonValue, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A part of a configuration, canonical JSON that conforms to the schema.

    Where the JSON is wrong all the same, a method adds to the findings and returns a value that
    nobody will use.
    """

    json: Any
    path: Path
    """Where the part stands in the platform document."""
    setting: str
    """The field of the configuration that the part belongs to."""
    config: Mapping[str, Any]
    """The whole configuration."""
    findings: Findings
    parameters: list[InputParameter]
    """Receives the parameters that are read."""

    def member(self, name: str) -> Reader:
        """Return a reader of a member."""
        return replace(self, json=self.json[name], path=(*self.path, name))

    def each(self) -> Iterator[Reader]:
        """Yield readers of the items of this list."""
        for position, item in enumerate(self.json):
            yield replace(self, json=item, path=(*self.path, position))

    def items(self, name: str) -> Iterator[Reader]:
        """Yield readers of the items of a member; none where it is absent."""
        if name in self.json:
            yield from self.member(name).each()

    def add_finding(self, message: str, *, is_unsupported: bool = False) -> None:
        """Add to the findings that something is wrong here."""
        self.findings.add(self.path, message, is_unsupported=is_unsupported)

    def read_text(self, name: str) -> str:
        """Return a member that must not be empty."""
        text: str = self.json.get(name, "")
        if not text:
            self.add_finding(f"'{name}' is missing; set it")
        return text

    def read_amount(self, name: str) -> str:
        """Return a quantity of Kubernetes; empty where the member is absent."""
        text: str = self.json.get(name, "")
        if text and not is_amount(text):
            message = f"{quote_text(text)} is not an amount; write one such as '500Mi' or '2Gi'"
            self.member(name).add_finding(message)
        return text

    def read_choice(self, known: Sequence[str], what: str) -> str:
        """Return this text, which must be one of ``known``; ``what`` they are, with its article."""
        text: str = self.json
        if text not in known:
            todo = suggest_name(text, known, otherwise=f"write one of {', '.join(known)}")
            self.add_finding(f"{quote_text(text)} is not {what}; {todo}")
        return text

    def read_object_name(self, constant: str, parameter: str) -> Name:
        """Return a name from either member; older SDKs write the constant only."""
        if parameter in self.json:
            return self.member(parameter).read_name(ParameterKind.NAME)
        return self.read_text(constant)

    def read_name(self, kind: ParameterKind) -> Name:
        """Return the name that this ``InputParameterSpec`` stands for."""
        value = self.read_value(kind)
        return value if isinstance(value, str | InputParameter) else ""

    def read_value(self, kind: ParameterKind) -> JsonValue | InputParameter:
        """Return what this ``InputParameterSpec`` stands for; ``None`` where that is wrong."""
        try:
            given = parameter_input_from_json(self.json)
        except KeyError as error:
            self.add_finding(f"{error} is missing; set it")
            return None
        if given.selector is not None:
            self.add_finding(
                "Argosy does not support 'parameterExpressionSelector' here; pass that part of the"
                " value as a parameter of its own",
                is_unsupported=True,
            )
        source = given.source
        if not isinstance(source, Constant) or "{{$" in to_json(source.value):
            parameter = InputParameter(
                source=source, kind=kind, setting=self.setting, path=self.path
            )
            self.parameters.append(parameter)
            return parameter
        if not kind.accepts(source.value):
            found = "empty" if source.value == "" else describe_json_type(source.value)
            self.add_finding(f"Is {found}, not {kind}; write {kind}")
            return None
        return source.value
