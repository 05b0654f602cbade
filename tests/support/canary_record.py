"""The record of a canary, or of a bake that is judged, and the schedule of its pulse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local.sample.place import STACK
from tests.support.story import Story
from tidegate.domain.canary import schedule_name
from tidegate.domain.plain import time_text


class CanaryRecord:
    """What the ledger says of the newest canary of a service in production."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._key = {"pk": {"S": f"CANARY#{story.name}/prod"}, "sk": {"S": "CANARY"}}
        self._hidden: list[int] = []

    def phase(self) -> str:
        """How far it is."""
        item = self._table.get_item(TableName=self._name, Key=self._key, ConsistentRead=True)["Item"]
        return str(item["phase"]["S"])

    def is_silent(self) -> None:
        """Let it look as if the pulse had not looked for a quarter of an hour."""
        long_ago = time_text(datetime.now(UTC) - timedelta(minutes=15))
        self._table.update_item(
            TableName=self._name,
            Key=self._key,
            UpdateExpression="SET seen_at = :seen",
            ExpressionAttributeValues={":seen": {"S": long_ago}},
        )

    def is_hidden_from(self, function: str) -> None:
        """A function is denied the record, until `is_shown_again`."""
        fault = {
            "caller": f"{STACK}-{function}",
            "service": "dynamodb",
            "action": "GetItem",
            "match": {"Key": self._key},
            "kind": "access_denied",
            "times": None,
        }
        self._hidden.append(int(self.story.place.world("POST", "/faults", fault)["id"]))

    def is_shown_again(self) -> None:
        """Nobody is denied the record any more."""
        while self._hidden:
            self.story.place.world("DELETE", f"/faults/{self._hidden.pop()}")

    def has_disabled_pulse(self) -> None:
        """The schedule of the pulse is there, and somebody has disabled it."""
        place = self.story.place
        scheduler, role = place.client("scheduler"), place.resource("PulseScheduleRole")
        function = place.client("lambda").get_function(FunctionName=f"{STACK}-pulse")["Configuration"]
        schedule: dict[str, Any] = {
            "GroupName": STACK,
            "Name": schedule_name(STACK, self.story.name, "prod"),
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "DISABLED",
            "Target": {
                "Arn": function["FunctionArn"],
                "RoleArn": place.client("iam").get_role(RoleName=role)["Role"]["Arn"],
                "Input": json.dumps({"environment": "prod", "service": self.story.name}),
            },
        }
        try:
            scheduler.create_schedule(**schedule)
        except scheduler.exceptions.ConflictException:
            scheduler.update_schedule(**schedule)

    @property
    def _table(self) -> Any:
        return self.story.place.client("dynamodb")

    @property
    def _name(self) -> str:
        return self.story.table("Ledger")
