"""Mend: who calls. With an access key that nobody has made, moto calls everybody the user `moto`.

Here such an access key is the name of an IAM user, so that people can be told apart by their settings.
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

import re

from local.mends.patching import Foreign, Mends, load

MENDS = Mends()
_NOBODY = ":user/moto"
_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")
"""As it is in a signed request: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html."""
_NOT_IN_A_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html."""


@MENDS.wraps("moto.sts.responses:TokenResponse.get_caller_identity", "c9de017073d4")
def get_caller_identity(original: Foreign, self: Foreign) -> Foreign:
    """moto calls everybody whose access key it has not made the user `moto`."""
    answer = dict(original(self).result)
    key = _ACCESS_KEY.search(self.headers.get("Authorization", ""))
    if key and answer["Arn"].endswith(_NOBODY):
        name = _NOT_IN_A_NAME.sub("-", key[1])[:64]
        answer["Arn"] = answer["Arn"].replace(":sts:", ":iam:").replace(_NOBODY, f":user/{name}")
    return load("moto.core.responses:ActionResult")(answer)
