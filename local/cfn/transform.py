"""The SAM transform, as CloudFormation runs it for templates that name it, without a network.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Mapping
from typing import Any, cast

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator import transform as sam
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader

from local.cfn.template import Json, Template, TemplateError

SERVERLESS = "AWS::Serverless-2016-10-31"

logging.getLogger("samtranslator").setLevel(logging.ERROR)


class _ManagedPolicies:
    """AWS managed policies by name; the translator would ask IAM for those it does not know."""

    def load(self) -> dict[str, str]:
        """Names and ARNs; the translator itself ships the common ones."""
        return {}


def is_serverless(template: Template) -> bool:
    """Whether the template asks for the SAM transform."""
    named = template.get("Transform") or []
    return SERVERLESS in ([named] if isinstance(named, str) else named)


def expand(template: Template, parameters: Mapping[str, Json], region: str) -> Template:
    """The template as plain CloudFormation.

    Args:
        template: With or without the transform; without it, it comes back as it is.
        parameters: What the caller set; defaults are taken from the template.
        region: Region of the stack, which decides the partition in ARNs.

    Raises:
        TemplateError: SAM refuses the template; every reason is named.
    """
    _refuse_other_transforms(template)
    if not is_serverless(template):
        return template
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    defaults = {
        name: one["Default"] for name, one in (template.get("Parameters") or {}).items() if "Default" in one
    }
    loader = cast("ManagedPolicyLoader", _ManagedPolicies())
    try:
        expanded: dict[str, Any] = sam.transform(
            copy.deepcopy(template), {**defaults, **parameters, "AWS::Region": region}, loader
        )
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(
            f"Transform {SERVERLESS} failed with: Invalid Serverless Application Specification document. "
            f"Number of errors found: {len(error.causes)}. {causes}"
        ) from error
    expanded.pop("Transform", None)
    return expanded


def _refuse_other_transforms(template: Template) -> None:
    named = template.get("Transform") or []
    others = [one for one in ([named] if isinstance(named, str) else named) if one != SERVERLESS]
    if others:
        raise TemplateError(f"The local cloud does not have the transform {others[0]}")
