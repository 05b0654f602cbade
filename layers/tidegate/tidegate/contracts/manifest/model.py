"""The manifest of a service."""

from typing import Annotated, Any, get_args

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from tidegate.contracts.fields import Choice, Contract
from tidegate.contracts.manifest.environment import Environment
from tidegate.contracts.manifest.fields import ContainerName, ServiceName, Topic, Word
from tidegate.contracts.manifest.images import ImageSource, ScanPolicy
from tidegate.contracts.manifest.rules import mistakes
from tidegate.contracts.task_definition import TaskDefinition
from tidegate.contracts.validation import combine
from tidegate.domain import service as domain

NoticeKind = Annotated[domain.NoticeKind, Choice(get_args(domain.NoticeKind))]

MOST_ENVIRONMENTS = 20
"""Each takes about a hundred events of the history of `normal_deployment`, which may have 25,000."""


class Notifications(Contract):
    """Where messages about the service go, and which of them."""

    topic: Annotated[Topic | None, Field(description="the ARN of an SNS topic")] = None
    kinds: Annotated[
        list[NoticeKind] | None,
        Field(max_length=20, description="the kinds of messages that are wanted; null: all of them"),
    ] = None

    def to_domain(self) -> domain.Notifications:
        """The wishes as a domain value."""
        return domain.Notifications(topic=self.topic, kinds=None if self.kinds is None else tuple(self.kinds))


class Manifest(Contract):
    """Everything Tidegate must know of a service to bring its images to production.

    Validation reports all mistakes at once: those of single fields, and those between fields (`rules`).
    """

    schema_: Annotated[
        Word | None,
        Field(alias="$schema", description="where editors find this JSON Schema; Tidegate ignores it"),
    ] = None
    name: Annotated[ServiceName, Field(description="the name of the service")]
    containers: Annotated[
        dict[ContainerName, ImageSource],
        Field(min_length=1, max_length=10, description="container to the repository that feeds it"),
    ]
    images: Annotated[
        domain.ImagePolicy,
        Choice(("newest", "same_tag")),
        Field(description="how several images make one release: the newest of each, or all with one tag"),
    ] = "newest"
    task_definition: Annotated[
        TaskDefinition, Field(description="the task definition, without family and fed images")
    ]
    environments: Annotated[
        list[Environment],
        Field(
            min_length=1,
            max_length=MOST_ENVIRONMENTS,
            description="the environments in order, 1 to 20 of them",
        ),
    ]
    scan: Annotated[ScanPolicy, Field(description="which findings stop a release")] = ScanPolicy()
    notifications: Annotated[Notifications, Field(description="where messages go")] = Notifications()

    @model_validator(mode="wrap")
    @classmethod
    def _check_rules(cls, data: Any, handler: ModelWrapValidatorHandler["Manifest"]) -> "Manifest":
        """Add the mistakes between fields to those that pydantic finds in single fields."""
        return combine(cls, data, handler, mistakes)

    def to_domain(self) -> domain.Service:
        """The service as a domain value."""
        last = len(self.environments) - 1
        return domain.Service(
            name=self.name,
            containers={name: source.to_domain() for name, source in self.containers.items()},
            task_definition=self.task_definition.to_domain(),
            environments=tuple(
                environment.to_domain(last=index == last)
                for index, environment in enumerate(self.environments)
            ),
            images=self.images,
            scan=self.scan.to_domain(),
            notifications=self.notifications.to_domain(),
        )
