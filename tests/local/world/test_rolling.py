"""Rolling deployments.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.world.ecs.rolling import Counts, next_batch


def test_a_service_starts_its_tasks_and_becomes_steady(region):
    # Given
    region.repository()
    digest = region.push(1)

    # When
    region.create_service(region.task_definition(digest), desired=3)
    region.until(region.settled)

    # Then
    service = region.describe()
    assert (service["runningCount"], service["pendingCount"]) == (3, 0)
    assert region.running_digests() == {digest}
    assert region.messages()[-2:] == [
        f"(service checkout) (deployment {service['deployments'][0]['id']}) deployment completed.",
        "(service checkout) has reached a steady state.",
    ]
    reason = f"ECS deployment {service['deployments'][0]['id']} completed."
    assert service["deployments"][0]["rolloutStateReason"] == reason


def test_a_new_task_definition_replaces_the_old_tasks(region):
    # Given
    region.repository()
    old, new = region.push(1), region.push(2)
    region.service(region.task_definition(old))
    before = {task["taskArn"] for task in region.tasks()}

    # When
    region.update(region.task_definition(new))

    # Then
    deployments = region.describe()["deployments"]
    assert [(each["status"], each["rolloutState"]) for each in deployments] == [
        ("PRIMARY", "IN_PROGRESS"),
        ("ACTIVE", "COMPLETED"),
    ]
    region.until(region.settled)
    assert region.running_digests() == {new}
    assert {task["taskArn"] for task in region.tasks()}.isdisjoint(before)


def test_a_rollout_of_a_good_image_takes_one_to_three_seconds(region):
    # Given
    region.repository()
    balancer = region.load_balancer()
    region.service(region.task_definition(region.push(1)), desired=4, loadBalancers=balancer.attached())
    begun = region.clock.now()

    # When
    region.update(region.task_definition(region.push(2)))
    region.until(region.settled)

    # Then
    assert 1 <= region.clock.now() - begun <= 3


@pytest.mark.parametrize(("least", "most"), [(100, 200), (50, 100), (50, 150), (0, 100), (75, 125)])
def test_the_batches_stay_between_the_least_and_the_greatest_number_of_tasks(region, least, most):
    # Given
    region.repository()
    configuration = {"minimumHealthyPercent": least, "maximumPercent": most}
    region.service(region.task_definition(region.push(1)), desired=4, deploymentConfiguration=configuration)
    region.update(region.task_definition(region.push(2)))
    seen = []

    # When
    def settled() -> bool:
        tasks = [task for task in region.tasks() if task["desiredStatus"] == "RUNNING"]
        running = sum(task["lastStatus"] == "RUNNING" for task in tasks)
        seen.append((running, len(tasks)))
        return region.settled()

    region.until(settled)

    # Then
    assert min(running for running, _ in seen) >= 4 * least / 100
    assert max(number for _, number in seen) <= 4 * most / 100


@given(
    desired=st.integers(0, 12),
    new=st.integers(0, 12),
    old=st.integers(0, 12),
    healthy_new=st.integers(0, 12),
    healthy_old=st.integers(0, 12),
    minimum=st.integers(0, 100),
    maximum=st.integers(100, 200),
)
def test_no_batch_ever_breaks_a_bound(desired, new, old, healthy_new, healthy_old, minimum, maximum):
    # Given
    counts = Counts(desired, new, old, min(healthy_new, new), min(healthy_old, old), minimum, maximum)

    # When
    batch = next_batch(counts)

    # Then
    healthy = counts.healthy_new + counts.healthy_old
    stopped_healthy = max(batch.stop_old - (counts.old - counts.healthy_old), 0)
    assert min(batch.start, batch.stop_old, batch.stop_surplus) >= 0
    assert batch.start <= max(desired - new, 0)
    assert batch.stop_old <= old
    assert batch.start == 0 or new + old + batch.start <= desired * maximum / 100
    assert stopped_healthy == 0 or healthy - stopped_healthy >= desired * minimum / 100


def test_an_update_that_changes_nothing_deploys_nothing(region):
    # Given
    region.repository()
    definition = region.task_definition(region.push(1))
    region.service(definition)
    before = region.describe()["deployments"][0]["id"]

    # When
    region.update(definition)
    region.update(deploymentConfiguration={"maximumPercent": 150})
    region.advance(5)

    # Then
    assert region.describe()["deployments"][0]["id"] == before
    assert (
        len(region.ecs.list_service_deployments(cluster="prod", service="checkout")["serviceDeployments"])
        == 1
    )


def test_a_forced_deployment_replaces_the_tasks_of_the_same_definition(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)))
    before = {task["taskArn"] for task in region.tasks()}

    # When
    region.update(forceNewDeployment=True)
    region.until(region.settled)

    # Then
    assert {task["taskArn"] for task in region.tasks()}.isdisjoint(before)


def test_a_changed_desired_count_scales_without_a_deployment(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)))
    before = region.describe()["deployments"][0]["id"]

    # When
    region.update(desiredCount=5)
    region.until(lambda: region.describe()["runningCount"] == 5)
    region.update(desiredCount=1)
    region.until(lambda: region.describe()["runningCount"] == 1)

    # Then
    assert region.describe()["deployments"][0]["id"] == before


def test_a_newer_update_supersedes_the_one_under_way(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)))
    region.update(region.task_definition(region.push(2)))
    region.advance(0.2)

    # When
    last = region.push(3)
    region.update(region.task_definition(last))
    region.until(region.settled)

    # Then
    assert region.running_digests() == {last}
    listed = region.ecs.list_service_deployments(cluster="prod", service="checkout")["serviceDeployments"]
    assert [each["status"] for each in listed] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_a_rolling_deployment_announces_its_begin_and_its_end(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)))
    region.events.clear()

    # When
    region.update(region.task_definition(region.push(2)))
    region.until(region.settled)
    region.advance(1)

    # Then
    service = region.describe()
    assert region.event_names() == ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    for event in region.events_of("ECS Deployment State Change"):
        assert event.source == "aws.ecs"
        assert event.resources == [service["serviceArn"]]
        assert set(event.detail) == {"eventType", "eventName", "deploymentId", "updatedAt", "reason"}
        assert event.detail["deploymentId"] == service["deployments"][0]["id"]
    assert region.event_names("ECS Service Action") == ["SERVICE_STEADY_STATE"]
