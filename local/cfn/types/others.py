"""Types for which moto's own CloudFormation classes do: networks, names, scaling groups and so on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from moto.cloudformation import parsing

from local.cfn.resources import TYPES, Made, NeedsReplacement, Request
from local.cfn.template import Json

_FROM_MOTO = (
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EC2::EIP",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::User",
    "AWS::Route53::HealthCheck",
    "AWS::Route53::HostedZone",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
)


@dataclass(frozen=True)
class MotoType:
    """A type that moto creates; the object it gives back is kept among the attributes."""

    name: str

    def create(self, request: Request) -> Made:
        """Let moto create it."""
        model, document = self._model(), self._document(request)
        naming = model.cloudformation_name_type()
        name = request.properties.get(naming) if naming else None
        thing = model.create_from_cloudformation_json(
            name or request.name(),
            document,
            request.account,
            request.region,
            LogicalId=request.logical_id,
            StackId=request.stack_id,
            ResourceType=self.name,
        )
        return Made(str(thing.physical_resource_id), _Attributes(thing))

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        """Let moto change it, where it can; otherwise it is replaced."""
        try:
            thing = self._model().update_from_cloudformation_json(
                made.attributes[_Attributes.THING],
                made.physical_id,
                self._document(request),
                request.account,
                request.region,
            )
        except NotImplementedError as error:
            raise NeedsReplacement from error
        if thing is None:
            raise NeedsReplacement
        return Made(str(thing.physical_resource_id), _Attributes(thing))

    def delete(self, request: Request, made: Made) -> None:
        """Let moto delete it."""
        thing = made.attributes.get(_Attributes.THING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if thing is not None and callable(getattr(thing, "delete", None)):
                thing.delete(request.account, request.region)
            else:
                document = self._document(request)
                self._model().delete_from_cloudformation_json(
                    made.physical_id, document, request.account, request.region
                )

    def _model(self) -> Any:
        return parsing.get_model_map()[self.name]

    def _document(self, request: Request) -> dict[str, Json]:
        return {"Type": self.name, "Properties": request.properties}


class _Attributes(dict[str, Json]):
    """Attributes that moto computes when they are asked for."""

    THING = "_thing"

    def __init__(self, thing: object) -> None:
        super().__init__({self.THING: thing})

    def __missing__(self, name: str) -> Json:
        return self[self.THING].get_cfn_attribute(name)

    def __contains__(self, name: object) -> bool:
        return name == self.THING or self[self.THING].has_cfn_attr(str(name))

    def get(self, name: str, default: Json = None) -> Json:
        """The attribute; moto's own word is taken for whether there is one."""
        return self[name] if name in self else default  # noqa: SIM401 - it is this very method


for _name in _FROM_MOTO:
    TYPES[_name] = MotoType(_name)
