"""Tasks from PROVISIONING to STOPPED.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import pytest


def run(region, definition, **options):
    answer = region.ecs.run_task(
        cluster="prod", taskDefinition=definition, networkConfiguration=region.network(), **options
    )
    return answer["tasks"][0]["taskArn"]


def described(region, arn):
    return region.ecs.describe_tasks(cluster="prod", tasks=[arn])["tasks"][0]


def stopped(region, arn):
    return described(region, arn)["lastStatus"] == "STOPPED"


@pytest.fixture
def cluster(region):
    region.repository()
    region.ecs.create_cluster(clusterName="prod")
    return region


def test_a_task_of_a_service_goes_through_the_documented_statuses(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), desired=1)
    arn = region.tasks()[0]["taskArn"]

    # When
    region.update(desiredCount=0)
    region.until(lambda: stopped(region, arn))
    region.advance(1)

    # Then
    events = [event for event in region.events_of("ECS Task State Change") if event.resources == [arn]]
    statuses: list[str] = []
    for event in events:
        if not statuses or statuses[-1] != event.detail["lastStatus"]:
            statuses.append(event.detail["lastStatus"])
    assert statuses == [
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    ]


def test_every_task_event_has_a_greater_version_than_the_one_before(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), desired=1)
    region.update(desiredCount=0)
    region.advance(5)

    # When
    details = [event.detail for event in region.events_of("ECS Task State Change")]

    # Then
    versions = [detail["version"] for detail in details]
    assert versions == sorted(set(versions))
    assert details[0]["group"] == "service:checkout"
    assert details[0]["startedBy"].startswith("ecs-svc/")
    assert {"clusterArn", "taskArn", "taskDefinitionArn", "containers", "desiredStatus"} <= set(details[0])


def test_a_container_that_crashes_leaves_its_exit_code_and_the_reason(region):
    # Given
    region.repository()
    region.create_service(region.task_definition(region.push(1, starts=False, exit_code=3)), desired=1)

    # When
    region.until(
        lambda: region.tasks(status="STOPPED") and region.tasks(status="STOPPED")[0].get("stoppedAt")
    )

    # Then
    task = region.tasks(status="STOPPED")[0]
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 3


def test_an_image_that_is_missing_cannot_be_pulled(region):
    # Given
    region.repository()
    definition = region.task_definition("sha256:" + "ab" * 32)

    # When
    region.create_service(definition, desired=1)
    region.until(lambda: region.tasks(status="STOPPED"))

    # Then
    task = region.tasks(status="STOPPED")[0]
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert task["stoppedReason"].endswith("not found")
    assert task["containers"][0]["reason"] == task["stoppedReason"]


def test_an_archived_image_cannot_be_pulled(region):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html"""
    # Given
    region.repository()
    digest = region.push(1)
    region.ecr.update_image_storage_class(
        repositoryName="checkout", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )

    # When
    region.create_service(region.task_definition(digest), desired=1)
    region.until(lambda: region.tasks(status="STOPPED"))

    # Then
    assert "CannotPullContainerError" in region.tasks(status="STOPPED")[0]["stoppedReason"]


def test_a_task_whose_log_group_is_missing_cannot_start(region):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"""
    # Given
    region.repository()
    options = {"awslogs-group": "/ecs/absent", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"}
    logs = {"logDriver": "awslogs", "options": options}

    # When
    region.create_service(region.task_definition(region.push(1), logConfiguration=logs), desired=1)
    region.until(lambda: region.tasks(status="STOPPED"))

    # Then
    assert region.tasks(status="STOPPED")[0]["stoppedReason"].startswith("ResourceInitializationError: ")


def test_a_crashing_container_writes_its_last_words_to_its_log_stream(region):
    # Given
    region.repository()
    region.logs.create_log_group(logGroupName="/ecs/checkout")
    options = {
        "awslogs-group": "/ecs/checkout",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "app",
    }
    logs = {"logDriver": "awslogs", "options": options}
    definition = region.task_definition(region.push(1, starts=False), logConfiguration=logs)

    # When
    region.create_service(definition, desired=1)
    region.until(lambda: region.tasks(status="STOPPED"))

    # Then
    task = region.tasks(status="STOPPED")[0]["taskArn"].rsplit("/", 1)[1]
    stream = f"app/app/{task}"
    events = region.logs.get_log_events(logGroupName="/ecs/checkout", logStreamName=stream)["events"]
    assert events[0]["message"].startswith("INFO starting app")
    assert "Traceback (most recent call last):" in [event["message"] for event in events]
    assert events[-1]["message"].startswith("KeyError")


def test_a_container_becomes_healthy_by_its_own_health_check(region):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html"""
    # Given
    region.repository()
    check = {"command": ["CMD-SHELL", "curl -f http://localhost:8080/health"], "interval": 30, "retries": 3}
    definition = region.task_definition(region.push(1, healthy_after_s=0.7), healthCheck=check)

    # When
    region.create_service(definition, desired=1)
    region.until(lambda: [task["lastStatus"] for task in region.tasks()] == ["RUNNING"])

    # Then
    assert region.tasks()[0]["healthStatus"] == "UNKNOWN"
    region.until(lambda: region.tasks()[0]["healthStatus"] == "HEALTHY", within=2)
    assert region.tasks()[0]["containers"][0]["healthStatus"] == "HEALTHY"


def test_a_container_that_fails_its_health_check_is_replaced(region):
    # Given
    region.repository()
    check = {"command": ["CMD-SHELL", "curl -f http://localhost/health"], "interval": 30, "retries": 2}
    digest = region.push(1)
    region.service(region.task_definition(digest, healthCheck=check), desired=1)

    # When
    region.images(digest, http={"/health": 500})
    region.until(lambda: region.tasks(status="STOPPED"))

    # Then
    assert region.tasks(status="STOPPED")[0]["stoppedReason"] == "Task failed container health checks"
    region.until(lambda: len(region.tasks()) == 1)


def test_failures_within_the_start_period_do_not_count(region):
    # Given
    region.repository()
    check = {"command": ["CMD", "true"], "interval": 10, "retries": 1, "startPeriod": 120}
    region.create_service(
        region.task_definition(region.push(1, healthy_after_s=1.5), healthCheck=check), desired=1
    )

    # When
    region.until(region.settled)

    # Then
    assert region.tasks(status="STOPPED") == []


def test_the_scheduler_replaces_a_task_that_a_user_stops(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), desired=2)
    arn = region.tasks()[0]["taskArn"]

    # When
    region.ecs.stop_task(cluster="prod", task=arn, reason="chaos")
    region.until(lambda: stopped(region, arn) and region.describe()["runningCount"] == 2)

    # Then
    task = described(region, arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "chaos")


def test_a_service_whose_tasks_crash_later_gets_new_ones(region):
    # Given
    region.repository()
    digest = region.push(1, crash_after_s=3)
    region.service(region.task_definition(digest), desired=1)

    # When
    region.until(lambda: len(region.tasks(status="STOPPED")) >= 2)

    # Then
    assert region.describe()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_task_run_by_itself_ends_with_the_code_of_its_command(cluster):
    # Given
    region = cluster
    digest = region.push(1, tasks={"migrate": {"exit_code": 1, "seconds": 2}})
    override = {"containerOverrides": [{"name": "app", "command": ["migrate", "--all"]}]}

    # When
    arn = run(region, region.task_definition(digest), overrides=override, startedBy="release-1")
    region.until(lambda: described(region, arn)["lastStatus"] == "RUNNING")
    begun = region.clock.now()
    region.until(lambda: stopped(region, arn))

    # Then
    task = described(region, arn)
    assert region.clock.now() - begun >= 2
    assert task["containers"][0]["exitCode"] == 1
    assert (task["stopCode"], task["startedBy"]) == ("EssentialContainerExited", "release-1")
    listed = region.ecs.list_tasks(cluster="prod", startedBy="release-1", desiredStatus="STOPPED")
    assert listed["taskArns"] == [arn]


def test_a_task_run_by_itself_ends_well_by_default(cluster):
    # When
    arn = run(cluster, cluster.task_definition(cluster.push(1), command=["report"]))
    cluster.until(lambda: stopped(cluster, arn))

    # Then
    assert described(cluster, arn)["containers"][0]["exitCode"] == 0


def test_one_bad_image_of_several_stops_the_whole_task(cluster):
    # Given
    definition = cluster.task_definition(cluster.push(1), cluster.push(2, starts=False, exit_code=9))

    # When
    arn = run(cluster, definition)
    cluster.until(lambda: stopped(cluster, arn))

    # Then
    codes = {each["name"]: each["exitCode"] for each in described(cluster, arn)["containers"]}
    assert codes == {"app": 143, "side1": 9}


def test_a_container_that_is_not_essential_may_exit_alone(cluster):
    # Given
    app, side = cluster.push(1), cluster.push(2, starts=False)
    definition = cluster.ecs.register_task_definition(
        family="checkout",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {"name": "app", "image": image(app), "memory": 128},
            {"name": "init", "image": image(side), "memory": 128, "essential": False},
        ],
    )["taskDefinition"]["taskDefinitionArn"]

    # When
    cluster.service(definition, desired=1)

    # Then
    task = cluster.tasks()[0]
    assert task["lastStatus"] == "RUNNING"
    states = {each["name"]: (each["lastStatus"], each.get("exitCode")) for each in task["containers"]}
    assert states == {"app": ("RUNNING", None), "init": ("STOPPED", 1)}


def with_init_container(region, app, init, condition):
    return region.ecs.register_task_definition(
        family="checkout",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "app",
                "image": image(app),
                "memory": 128,
                "dependsOn": [{"containerName": "init", "condition": condition}],
            },
            {"name": "init", "image": image(init), "memory": 128, "essential": False},
        ],
    )["taskDefinition"]["taskDefinitionArn"]


def test_a_container_that_others_wait_for_exits_before_they_start(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html"""
    # When
    cluster.service(with_init_container(cluster, cluster.push(1), cluster.push(2), "SUCCESS"), desired=1)

    # Then
    states = {each["name"]: each["lastStatus"] for each in cluster.tasks()[0]["containers"]}
    assert states == {"app": "RUNNING", "init": "STOPPED"}


def test_a_container_that_must_succeed_first_and_fails_stops_the_task(cluster):
    # Given
    definition = with_init_container(cluster, cluster.push(1), cluster.push(2, exit_code=4), "SUCCESS")

    # When
    cluster.create_service(definition, desired=1)
    cluster.until(lambda: cluster.tasks(status="STOPPED"))

    # Then
    task = cluster.tasks(status="STOPPED")[0]
    assert task["stopCode"] == "TaskFailedToStart"
    assert {each["name"]: each.get("exitCode") for each in task["containers"]}["init"] == 4


def test_tasks_take_the_tags_over_that_they_are_told_to(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html"""
    # Given
    tags = [{"key": "team", "value": "payments"}]

    # When
    definition = cluster.task_definition(cluster.push(1))
    cluster.service(definition, desired=1, tags=tags, propagateTags="SERVICE")

    # Then
    arns = [task["taskArn"] for task in cluster.tasks()]
    assert "tags" not in cluster.tasks()[0]
    assert (
        cluster.ecs.describe_tasks(cluster="prod", tasks=arns, include=["TAGS"])["tasks"][0]["tags"] == tags
    )


def test_a_task_definition_knows_when_it_was_registered(cluster):
    # When
    arn = cluster.task_definition(cluster.push(1))
    found = cluster.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]

    # Then
    assert found["registeredAt"].timestamp() == cluster.clock.now()
    assert found["registeredBy"] == "arn:aws:iam::123456789012:root"


def test_a_zone_that_fails_takes_its_tasks_along_and_they_are_replaced_elsewhere(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), desired=4)
    zones = {task["availabilityZone"] for task in region.tasks()}
    lost = min(zones)

    # When
    number = region.installation.zones.fail(lost)
    region.until(lambda: {task["availabilityZone"] for task in region.tasks()} == zones - {lost})
    region.until(lambda: region.describe()["runningCount"] == 4)

    # Then
    assert (len(zones), number) == (2, 2)
    region.installation.zones.restore(lost)


def test_stopped_tasks_are_forgotten_after_an_hour(cluster):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
    # Given
    arn = run(cluster, cluster.task_definition(cluster.push(1), command=["report"]))
    cluster.until(lambda: stopped(cluster, arn))

    # When
    cluster.advance(3601)

    # Then
    assert cluster.ecs.list_tasks(cluster="prod", desiredStatus="STOPPED")["taskArns"] == []
    failures = cluster.ecs.describe_tasks(cluster="prod", tasks=[arn])["failures"]
    assert failures == [{"arn": arn, "reason": "MISSING"}]


def image(digest: str) -> str:
    return f"123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@{digest}"


def test_a_request_that_comes_again_starts_nothing_and_its_token_belongs_to_it(cluster):
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    definition = cluster.task_definition(cluster.push(1))

    # When
    first = run(cluster, definition, clientToken="migration")
    again = run(cluster, definition, clientToken="migration")
    another = run(cluster, definition, clientToken="another")
    with pytest.raises(cluster.ecs.exceptions.ConflictException):
        run(cluster, definition, clientToken="migration", startedBy="someone")

    # Then
    assert again == first != another
    assert len(cluster.ecs.list_tasks(cluster="prod")["taskArns"]) == 2
