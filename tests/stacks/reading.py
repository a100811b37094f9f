"""Reading a template: resources by type, references as text, and what a role may do."""

from __future__ import annotations

import fnmatch
from typing import Any

Template = dict[str, Any]


def resources(template: Template, kind: str, *, under: str = "") -> dict[str, dict[str, Any]]:
    """The resources of one type by logical id, those of one construct only where ``under`` begins their ids."""
    return {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == kind and logical_id.startswith(under)
    }


def only(template: Template, kind: str, *, under: str = "") -> dict[str, Any]:
    """The properties of the one resource of this type."""
    (resource,) = resources(template, kind, under=under).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def text(value: Any) -> str:
    """A value with references written out: ``<LogicalId>`` for what a resource is called, or for its ARN."""
    match value:
        case str():
            return value
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return f"<{name}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(text(part) for part in parts)
        case {"Fn::Base64": inner}:
            return text(inner)
        case {"Fn::Select": [number, {"Fn::Split": [separator, inner]}]}:
            return f"{text(inner)}.split({separator})[{number}]"
        case {"Fn::Sub": inner} if isinstance(inner, str):
            return inner
    raise AssertionError(f"cannot read {value!r}")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """All statements of the role whose logical id begins with ``role``."""
    found = []
    for logical_id, resource in resources(template, "AWS::IAM::Role", under=role).items():
        for policy in resource["Properties"].get("Policies", []):
            found += policy["PolicyDocument"]["Statement"]
        for policy in resources(template, "AWS::IAM::Policy").values():
            if {"Ref": logical_id} in policy["Properties"]["Roles"]:
                found += policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def may(template: Template, role: str, action: str, resource: str) -> bool:
    """Whether the role's own policies allow ``action`` on ``resource``, written as :func:`text` writes it."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatch.fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, text(pattern)) for pattern in listed(statement["Resource"]))
        for statement in statements(template, role)
    )


def name_of(template: Template, kind: str, *, under: str) -> str:
    """The one resource of this type as :func:`text` writes a reference to it."""
    (logical_id,) = resources(template, kind, under=under)
    return f"<{logical_id}>"
