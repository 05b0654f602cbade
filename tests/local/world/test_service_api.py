"""What the service operations of ECS refuse, list and forget.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def checkout(region):
    region.repository()
    region.service(region.task_definition(region.push(1)))
    return region


def test_everything_new_in_a_deployment_configuration_is_kept(checkout):
    # Given
    configuration = {
        "strategy": "ROLLING",
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "bakeTimeInMinutes": 3,
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": True,
            "resetOnHealthyTask": False,
            "thresholdConfiguration": {"type": "COUNT", "value": 4},
        },
        "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
        "lifecycleHooks": [
            {
                "targetType": "PAUSE",
                "lifecycleStages": ["POST_SCALE_UP"],
                "timeoutConfiguration": {"timeoutInMinutes": 5, "action": "ROLLBACK"},
            }
        ],
        "earlySuccessCriteria": {
            "enable": True,
            "healthyPercent": 100,
            "sourceServiceRevisionCleanup": "BLOCKING",
        },
    }

    # When
    checkout.update(deploymentConfiguration=configuration)

    # Then
    assert checkout.describe()["deploymentConfiguration"] == configuration


def test_what_an_update_leaves_out_stays_as_it_was(checkout):
    # When
    checkout.update(deploymentConfiguration={"maximumPercent": 150})

    # Then
    configuration = checkout.describe()["deploymentConfiguration"]
    assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (150, 100)


@pytest.mark.parametrize(
    ("cluster", "service", "code"),
    [
        ("gone", "checkout", "ClusterNotFoundException"),
        ("prod", "gone", "ServiceNotFoundException"),
    ],
)
def test_an_update_of_something_that_is_gone_is_refused(checkout, cluster, service, code):
    found = refused(checkout.ecs.update_service, cluster=cluster, service=service, desiredCount=1)

    assert found[0] == code


def test_a_missing_service_is_a_failure_of_describe_not_an_error(checkout):
    # When
    answer = checkout.ecs.describe_services(cluster="prod", services=["gone", "checkout"])

    # Then
    assert [each["serviceName"] for each in answer["services"]] == ["checkout"]
    missing = "arn:aws:ecs:us-east-1:123456789012:service/prod/gone"
    assert answer["failures"] == [{"arn": missing, "reason": "MISSING"}]


def test_a_missing_cluster_is_an_error_of_describe(checkout):
    assert refused(checkout.ecs.describe_services, cluster="gone", services=["a"]) == (
        "ClusterNotFoundException",
        "Cluster not found.",
    )


def test_a_task_definition_that_is_missing_or_inactive_is_refused(checkout):
    # Given
    retired = checkout.task_definition(checkout.push(2))
    checkout.ecs.deregister_task_definition(taskDefinition=retired)

    # Then
    update = {"cluster": "prod", "service": "checkout"}
    assert (
        refused(checkout.ecs.update_service, taskDefinition="checkout:99", **update)[0] == "ClientException"
    )
    assert refused(checkout.ecs.update_service, taskDefinition=retired, **update) == (
        "ClientException",
        "TaskDefinition is inactive",
    )


def test_a_service_is_not_created_twice(checkout):
    options = {"cluster": "prod", "serviceName": "checkout", "desiredCount": 1}

    found = refused(
        checkout.ecs.create_service,
        taskDefinition="checkout",
        networkConfiguration=checkout.network(),
        **options,
    )

    assert found == ("InvalidParameterException", "Creation of service was not idempotent.")


def test_a_target_group_without_a_load_balancer_is_refused(region):
    # Given
    region.repository()
    region.ecs.create_cluster(clusterName="prod")
    vpc = region.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = region.elbv2.create_target_group(
        Name="alone", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    definition = region.task_definition(region.push(1))

    # When
    code, message = refused(
        region.create_service,
        definition=definition,
        loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
    )

    # Then
    assert code == "InvalidParameterException"
    assert (
        message == f"The target group with targetGroupArn {group} does not have an associated load balancer."
    )


def test_a_service_in_use_is_deleted_only_by_force(checkout):
    # Given
    deletion = {"cluster": "prod", "service": "checkout"}

    # When
    code, _ = refused(checkout.ecs.delete_service, **deletion)
    status = checkout.ecs.delete_service(force=True, **deletion)["service"]["status"]

    # Then
    assert (code, status) == ("InvalidParameterException", "DRAINING")
    checkout.until(lambda: checkout.describe()["status"] == "INACTIVE")
    assert checkout.ecs.list_services(cluster="prod")["serviceArns"] == []
    found = refused(checkout.ecs.update_service, cluster="prod", service="checkout", desiredCount=1)
    assert found[0] == "ServiceNotActiveException"


def test_a_service_deleted_may_be_created_again(checkout):
    # Given
    checkout.ecs.delete_service(cluster="prod", service="checkout", force=True)
    checkout.until(lambda: checkout.describe()["status"] == "INACTIVE")

    # When
    checkout.service(checkout.task_definition(checkout.push(2)))

    # Then
    assert checkout.describe()["runningCount"] == 2


def test_a_cluster_with_services_is_not_deleted(checkout):
    # When
    code, message = refused(checkout.ecs.delete_cluster, cluster="prod")

    # Then
    assert code == "ClusterContainsServicesException"
    assert message == "The Cluster cannot be deleted while Services are active."


def test_a_cluster_deleted_is_inactive_and_takes_nothing_new(checkout):
    # Given
    checkout.ecs.delete_service(cluster="prod", service="checkout", force=True)
    checkout.until(lambda: checkout.describe()["status"] == "INACTIVE")

    # When
    checkout.ecs.delete_cluster(cluster="prod")

    # Then
    assert checkout.ecs.describe_clusters(clusters=["prod"])["clusters"][0]["status"] == "INACTIVE"
    found = refused(checkout.ecs.update_service, cluster="prod", service="checkout", desiredCount=1)
    assert found[0] == "ClusterNotFoundException"


def test_a_cluster_counts_what_runs_in_it(checkout):
    found = checkout.ecs.describe_clusters(clusters=["prod"])["clusters"][0]

    assert (found["activeServicesCount"], found["runningTasksCount"], found["pendingTasksCount"]) == (1, 2, 0)


def test_tags_are_shown_only_where_they_are_asked_for(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), tags=[{"key": "team", "value": "payments"}])
    arn = region.describe()["serviceArn"]

    # When
    region.ecs.tag_resource(resourceArn=arn, tags=[{"key": "tier", "value": "1"}])

    # Then
    assert "tags" not in region.describe()
    shown = region.ecs.describe_services(cluster="prod", services=[arn], include=["TAGS"])["services"][0][
        "tags"
    ]
    assert {each["key"]: each["value"] for each in shown} == {"team": "payments", "tier": "1"}
    assert region.ecs.list_tags_for_resource(resourceArn=arn)["tags"] == shown


def test_lists_come_in_pages(region):
    # Given
    region.repository()
    definition = region.task_definition(region.push(1))
    for number in range(12):
        region.create_service(definition, name=f"service-{number:02}", desired=0)

    # When
    pages = list(region.ecs.get_paginator("list_services").paginate(cluster="prod"))

    # Then
    assert [len(page["serviceArns"]) for page in pages] == [10, 2]
    assert len({arn for page in pages for arn in page["serviceArns"]}) == 12


def test_revisions_remember_the_digests_that_a_tag_meant(region):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html"""
    # Given
    region.repository()
    digest = region.push(1, tag="stable")
    reference = "123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout:stable"
    region.service(region.task_definition(reference))

    # When the tag moves on
    region.push(2, tag="stable")
    arn = region.service_deployment()["targetServiceRevision"]["arn"]
    revision = region.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"][0]

    # Then
    shown = [{"containerName": "app", "image": reference, "imageDigest": digest}]
    assert revision["containerImages"] == shown
    assert region.running_digests() == {digest}


def test_a_deployment_under_way_can_be_stopped_and_comes_back(checkout):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html"""
    # Given
    before = checkout.running_digests()
    checkout.update(checkout.task_definition(checkout.push(2, healthy_after_s=None), healthCheck=SLOW))
    checkout.advance(1)
    arn = checkout.service_deployment()["serviceDeploymentArn"]

    # When
    answer = checkout.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")

    # Then
    assert answer == answer | {"serviceDeploymentArn": arn}
    assert checkout.service_deployment()["status"] == "ROLLBACK_REQUESTED"
    checkout.until_status("ROLLBACK_SUCCESSFUL")
    assert checkout.running_digests() == before


def test_a_finished_deployment_cannot_be_stopped(checkout):
    arn = checkout.service_deployment()["serviceDeploymentArn"]

    found = refused(checkout.ecs.stop_service_deployment, serviceDeploymentArn=arn, stopType="ROLLBACK")

    assert found[0] == "ConflictException"


def test_an_unknown_deployment_cannot_be_stopped(checkout):
    arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/prod/checkout/unknown"

    found = refused(checkout.ecs.stop_service_deployment, serviceDeploymentArn=arn, stopType="ROLLBACK")

    assert found[0] == "ServiceDeploymentNotFoundException"


SLOW = {"command": ["CMD", "true"], "interval": 300}
