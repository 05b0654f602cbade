"""The types that a stack may have although the local cloud does nothing with them, each with the reason.

Any type that is neither registered nor here fails the stack.
"""

from __future__ import annotations

ACCEPTED: dict[str, str] = {
    "AWS::CDK::Metadata": "says which CDK made the template; it has no effect on AWS either",
    "AWS::CloudFormation::WaitConditionHandle": "only orders resources, which are created in order anyway",
    "AWS::Logs::QueryDefinition": "a saved query of the console",
    "AWS::ResourceGroups::Group": "a view of the console by tags",
}
