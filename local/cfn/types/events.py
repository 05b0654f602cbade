"""EventBridge buses, rules and schedules."""

from __future__ import annotations

from local.cfn import shapes
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.schedules import SCHEDULES, Schedule
from local.cfn.template import Json


@resource_type("AWS::Events::EventBus")
class EventBus:
    """An event bus."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties["Name"]
        plain = request.without("Policy", "LogConfig")
        arn = request.client("events").create_event_bus(
            **shapes.arguments("events", "create_event_bus", plain)
        )
        return Made(name, {"Arn": arn["EventBusArn"], "Name": name})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Only its description and encryption change."""
        replace_on(request, before, "Name", "EventSourceName")
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("events").delete_event_bus, Name=made.physical_id)


@resource_type("AWS::Events::Rule")
class Rule:
    """A rule with its targets: their dead-letter queues, retries and transformers included."""

    def create(self, request: Request) -> Made:
        """Put the rule, then its targets."""
        name = request.properties.get("Name") or request.name(64)
        events = request.client("events")
        plain = {**request.without("Targets"), "Name": name}
        arn = events.put_rule(**shapes.arguments("events", "put_rule", plain))["RuleArn"]
        self._aim(request, name, [])
        return Made(name, {"Arn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Put it anew; targets that are gone are removed."""
        replace_on(request, before, "Name", "EventBusName")
        plain = {**request.without("Targets"), "Name": made.physical_id}
        request.client("events").put_rule(**shapes.arguments("events", "put_rule", plain))
        self._aim(request, made.physical_id, [target["Id"] for target in before.get("Targets", [])])
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove its targets, then the rule."""
        events, bus = request.client("events"), self._bus(request)
        ids = [target["Id"] for target in request.properties.get("Targets", [])]
        if ids:
            ignoring_missing(events.remove_targets, Rule=made.physical_id, Ids=ids, **bus)
        ignoring_missing(events.delete_rule, Name=made.physical_id, **bus)

    def _aim(self, request: Request, name: str, before: list[str]) -> None:
        events, targets = request.client("events"), request.properties.get("Targets", [])
        gone = [one for one in before if one not in {target["Id"] for target in targets}]
        if gone:
            events.remove_targets(Rule=name, Ids=gone, **self._bus(request))
        if not targets:
            return
        plain = {"Rule": name, "Targets": targets, **self._bus(request)}
        answer = events.put_targets(**shapes.arguments("events", "put_targets", plain))
        if answer.get("FailedEntryCount"):
            raise shapes.PropertyError(str(answer["FailedEntries"]))

    def _bus(self, request: Request) -> dict[str, str]:
        bus = request.properties.get("EventBusName")
        return {"EventBusName": bus} if bus else {}


@resource_type("AWS::Scheduler::ScheduleGroup")
class ScheduleGroup:
    """A group of schedules."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties.get("Name") or request.name(64)
        plain = {**request.properties, "Name": name}
        arguments = shapes.arguments("scheduler", "create_schedule_group", plain)
        arn = request.client("scheduler").create_schedule_group(**arguments)["ScheduleGroupArn"]
        return Made(name, {"Arn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Only tags can change."""
        replace_on(request, before, "Name")
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("scheduler").delete_schedule_group, Name=made.physical_id)


@resource_type("AWS::Scheduler::Schedule")
class OneSchedule:
    """A schedule; kept in `schedules.SCHEDULES` as well."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties.get("Name") or request.name(64)
        plain = {**request.properties, "Name": name}
        arguments = shapes.arguments("scheduler", "create_schedule", plain)
        arn = request.client("scheduler").create_schedule(**arguments)["ScheduleArn"]
        self._remember(request, name)
        return Made(name, {"Arn": arn})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change it; name and group need a new one."""
        replace_on(request, before, "Name", "GroupName")
        plain = {**request.properties, "Name": made.physical_id}
        arguments = shapes.arguments("scheduler", "update_schedule", plain)
        request.client("scheduler").update_schedule(**arguments)
        self._remember(request, made.physical_id)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        SCHEDULES.pop(made.physical_id, None)
        group = request.properties.get("GroupName", "default")
        delete = request.client("scheduler").delete_schedule
        ignoring_missing(delete, Name=made.physical_id, GroupName=group)

    def _remember(self, request: Request, name: str) -> None:
        properties, target = request.properties, request.properties["Target"]
        SCHEDULES[name] = Schedule(
            expression=properties["ScheduleExpression"],
            target_arn=target["Arn"],
            input=target.get("Input", ""),
            role=target.get("RoleArn", ""),
            state=properties.get("State", "ENABLED"),
            group=properties.get("GroupName", "default"),
            timezone=properties.get("ScheduleExpressionTimezone", "UTC"),
            target=target,
        )
