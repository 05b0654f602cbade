"""Findings in the shapes of DescribeImageScanFindings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.world.ecr.scans import Scan

Shape = dict[str, Any]


def scan_findings(scan: Scan, findings: list[dict[str, Any]], arn: str, account: str) -> Shape:
    """``imageScanFindings`` of a finished scan."""
    shape: Shape = {
        "imageScanCompletedAt": scan.completed_at,
        "vulnerabilitySourceUpdatedAt": scan.completed_at,
        "findingSeverityCounts": scan.counts,
    }
    if scan.kind == "ENHANCED":
        shape["enhancedFindings"] = [_enhanced(each, scan, arn, account) for each in findings]
    else:
        shape["findings"] = [_basic(each) for each in findings]
    return shape


def _uri(finding: Mapping[str, Any]) -> str:
    return str(finding.get("uri") or f"https://nvd.nist.gov/vuln/detail/{finding['name']}")


def _basic(finding: Mapping[str, Any]) -> Shape:
    package = finding.get("package", "libexample")
    version = finding.get("version", "1.2.3")
    return {
        "name": finding["name"],
        "description": finding.get("description", f"A vulnerability in {package}."),
        "uri": _uri(finding),
        "severity": finding["severity"],
        "attributes": [
            {"key": "package_name", "value": package},
            {"key": "package_version", "value": version},
        ],
    }


def _enhanced(finding: Mapping[str, Any], scan: Scan, arn: str, account: str) -> Shape:
    package = finding.get("package", "libexample")
    return {
        "awsAccountId": account,
        "findingArn": f"{arn}/finding/{finding['name']}",
        "firstObservedAt": scan.completed_at,
        "lastObservedAt": scan.completed_at,
        "updatedAt": scan.completed_at,
        "severity": "UNTRIAGED" if finding["severity"] == "UNDEFINED" else finding["severity"],
        "status": "ACTIVE",
        "title": f"{finding['name']} - {package}",
        "description": finding.get("description", f"A vulnerability in {package}."),
        "type": "PACKAGE_VULNERABILITY",
        "fixAvailable": finding.get("fixAvailable", "YES"),
        "exploitAvailable": finding.get("exploitAvailable", "NO"),
        "packageVulnerabilityDetails": {
            "vulnerabilityId": finding["name"],
            "source": "NVD",
            "sourceUrl": _uri(finding),
            "vulnerablePackages": [{"name": package, "version": finding.get("version", "1.2.3")}],
        },
    }
