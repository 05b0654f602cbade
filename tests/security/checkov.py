"""Runs checkov over the translated template: `python -m tests.security.checkov PATH`, or `make checkov`.

What it finds must be mended or stand below with its reason; a reason that nothing needs any more is a
finding too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from local.cfn.transform import expand
from tests.statemachines.machines import ROOT
from tests.statemachines.template import template

TRANSLATED = ROOT / "build" / "security" / "template.json"
# Check, resource (with *) and why it does not apply.
ACCEPTED = {
    (
        "CKV_AWS_115",
        "*Function",
    ): "reserved concurrency would take from the account's pool; throttling is retried",
    (
        "CKV_AWS_116",
        "*Function",
    ): "steps are called by machines, which see the failure; the others have OnFailure",
    ("CKV_AWS_117", "*Function"): "functions call AWS's own endpoints and health URLs, nothing in a VPC",
    (
        "CKV_AWS_173",
        "*Function",
    ): "the variables are names of resources; Lambda encrypts them with its own key",
    (
        "CKV_AWS_119",
        "*Table",
    ): "encrypted with the account's aws/dynamodb key, which CloudTrail records as well",
    ("CKV_AWS_28", "SessionsTable"): "sessions live for hours; who lost one signs in again",
    (
        "CKV_AWS_18",
        "EvidenceBucket",
    ): "CloudTrail's data events tell of accesses; a log bucket needs its own",
    ("CKV_AWS_27", "EventsDeadLetterQueue"): "encrypted by SQS itself, so that EventBridge needs no key",
}


def translated() -> dict[str, Any]:
    """The template as CloudFormation gets it after the SAM transform, code folders replaced by places."""
    content = json.loads(json.dumps(template()))
    for resource in content["Resources"].values():
        for field in ("CodeUri", "ContentUri", "DefinitionUri"):
            if field in resource.get("Properties", {}):
                resource["Properties"][field] = "s3://bucket/key"
    result: dict[str, Any] = expand(content, {}, "us-east-1")
    return result


def judge(failed: list[tuple[str, str, str]], accepted: dict[tuple[str, str], str]) -> list[str]:
    """What is not accepted, and what is accepted for nothing.

    Args:
        failed: Check, logical id of the resource, and what the check wants.
        accepted: Check and resource pattern, with the reason.
    """
    open_findings: dict[tuple[str, str], list[str]] = defaultdict(list)
    used = set()
    for check, resource, wants in failed:
        reasons = [key for key in accepted if key[0] == check and fnmatchcase(resource, key[1])]
        used.update(reasons)
        if not reasons:
            open_findings[check, wants].append(resource)
    found = [f"{check} {wants}: {', '.join(names)}" for (check, wants), names in open_findings.items()]
    return found + [
        f"{check} on {name} is accepted, but nothing fails it" for check, name in accepted.keys() - used
    ]


def main(program: str) -> int:
    """Write the translated template, let checkov read it, print what is open."""
    TRANSLATED.parent.mkdir(parents=True, exist_ok=True)
    TRANSLATED.write_text(json.dumps(translated(), indent=1, default=str))
    flags = ["--framework", "cloudformation", "--output", "json", "--quiet", "--compact", "--skip-download"]
    # Read from its own folder: checkov takes the file's path for one of each function's variables, and a
    # checkout whose path happens to have forty letters and slashes in a row for a secret key.
    done = subprocess.run(
        [Path(program).resolve(), "--file", TRANSLATED.name, *flags],
        cwd=TRANSLATED.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    summary = answer["summary"]
    if summary["parsing_errors"] or summary["passed"] < 100:
        print(f"checkov could not read the template: {summary} {done.stderr[-2000:]}")
        return 1
    failed = [
        (each["check_id"], each["resource"].rpartition(".")[2], each["check_name"])
        for each in answer["results"]["failed_checks"]
    ]
    findings = judge(failed, ACCEPTED)
    print("\n".join(findings))
    print(f"checkov: {summary['passed']} passed, {len(failed)} accepted or open, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
