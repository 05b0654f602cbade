"""Reading templates: intrinsic functions, conditions, parameters, the order of things, the SAM transform."""

from __future__ import annotations

import pytest

from local.cfn import parameters, transform
from local.cfn.intrinsics import NO_VALUE, Resolver, references
from local.cfn.scope import in_order
from local.cfn.template import Json, TemplateError, dump, parse


class Names:
    """A stack with a parameter, two resources and an import."""

    def ref(self, name: str) -> Json:
        known = {
            "Stage": "live",
            "Names": ["a", "b"],
            "Table": "table-1",
            "AWS::Region": "us-east-1",
            "Flag": True,
        }
        if name not in known:
            raise TemplateError(f"Unresolved {name}")
        return known[name]

    def attribute(self, resource: str, attribute: str) -> Json:
        return f"{resource}/{attribute}"

    def imported(self, export: str) -> Json:
        return {"shared": "value"}[export]


TEMPLATE = parse(
    """
    Mappings:
      Sizes: {live: {memory: 512}, test: {memory: 128}}
    Conditions:
      IsLive: !Equals [!Ref Stage, live]
      IsTest: !Not [!Condition IsLive]
      Both: !And [!Condition IsLive, !Condition IsTest]
      Either: !Or [!Condition IsLive, !Condition IsTest]
    """
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Table", "table-1"),
        ("!GetAtt Table.Arn", "Table/Arn"),
        ("!GetAtt Nested.Outputs.Arn", "Nested/Outputs.Arn"),
        ("{Fn::GetAtt: [Table, Arn]}", "Table/Arn"),
        (
            '!Sub "${Table} in ${AWS::Region} at ${Table.Arn}, not ${!this}"',
            "table-1 in us-east-1 at Table/Arn, not ${this}",
        ),
        ('!Sub ["${Table}/${Other}", {Other: !Ref Stage}]', "table-1/live"),
        ('!Sub "${Flag}"', "true"),
        ('!Join [":", [a, !Ref Stage]]', "a:live"),
        ("!Select [1, !Ref Names]", "b"),
        ('!Select [0, !Split [",", "x,y"]]', "x"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", 512),
        ("!FindInMap [Sizes, none, memory, {DefaultValue: 1}]", 1),
        ("!If [IsLive, yes it is, no]", "yes it is"),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("!ImportValue shared", "value"),
        ("!Base64 text", "dGV4dA=="),
        ("{Fn::Length: !Ref Names}", 2),
        ("{Fn::ToJsonString: {a: !Ref Stage}}", '{"a":"live"}'),
        (
            "{kept: 1, gone: !If [IsTest, 1, !Ref AWS::NoValue], list: [!Ref AWS::NoValue, 2]}",
            {"kept": 1, "list": [2]},
        ),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_what_a_template_says_is_resolved(text: str, expected: Json):
    value = parse(f"value: {text}")["value"]

    assert Resolver(TEMPLATE, Names()).resolve(value) == expected


def test_no_value_on_its_own_is_no_value():
    assert Resolver({}, Names()).resolve({"Ref": "AWS::NoValue"}) is NO_VALUE


@pytest.mark.parametrize(
    "text", ["!Ref Nobody", "!FindInMap [Sizes, none, memory]", "!Cidr [a, 1, 8]", "!If [No, 1, 2]"]
)
def test_what_cannot_be_resolved_is_an_error(text: str):
    with pytest.raises(TemplateError):
        Resolver(TEMPLATE, Names()).resolve(parse(f"value: {text}")["value"])


def test_references_are_found_everywhere():
    value = parse(
        'a: [!Ref A, !GetAtt B.Arn, {b: !Sub "${C} ${D.Arn} ${!E} ${F}"}, !Sub ["${G}", {G: !Ref H}]]'
    )

    assert set(references(value)) == {"A", "B", "C", "D", "F", "H"}


def test_resources_come_after_what_they_need():
    template = parse(
        """
        Parameters: {P: {Type: String}}
        Resources:
          A: {Type: T, Properties: {x: !GetAtt C.Arn, p: !Ref P}}
          B: {Type: T, DependsOn: A}
          C: {Type: T, Properties: {y: !Sub "${AWS::Region}"}}
        """
    )

    assert in_order(template) == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("{A: {Type: T, Properties: {x: !Ref B}}, B: {Type: T, DependsOn: [A]}}", "Circular dependency"),
        ("{A: {Type: T, Properties: {x: !Ref Nobody}}}", r"Unresolved resource dependencies \[Nobody\]"),
        ("{}", "At least one Resources member"),
    ],
)
def test_resources_that_cannot_be_ordered(resources: str, message: str):
    with pytest.raises(TemplateError, match=message):
        in_order(parse(f"Resources: {resources}"))


@pytest.mark.parametrize(
    ("declared", "given", "value"),
    [
        ("{Type: String, Default: a}", {}, "a"),
        ("{Type: Number}", {"P": "12"}, 12),
        ("{Type: Number}", {"P": "1.5"}, 1.5),
        ("{Type: CommaDelimitedList}", {"P": "a, b"}, ["a", "b"]),
        ("{Type: List<Number>}", {"P": "1,2"}, [1, 2]),
        ("{Type: AWS::SSM::Parameter::Value<String>, Default: /known}", {}, "stored"),
        ("{Type: AWS::SSM::Parameter::Value<List<String>>}", {"P": "/list"}, ["x", "y"]),
        ("{Type: AWS::EC2::VPC::Id}", {"P": "vpc-1"}, "vpc-1"),
    ],
)
def test_parameters_have_types(declared: str, given: dict[str, str], value: Json):
    stored = {"/known": "stored", "/list": "x,y"}

    assert parameters.resolve(parse(f"Parameters: {{P: {declared}}}"), given, stored.get) == {"P": value}


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ("{Type: String}", {}, r"Parameters: \[P\] must have values"),
        ("{Type: String, Default: a}", {"Q": "1"}, r"Parameters: \[Q\] do not exist in the template"),
        ("{Type: String, AllowedValues: [a, b]}", {"P": "c"}, r"must be one of AllowedValues \[a, b\]"),
        ("{Type: String, AllowedPattern: '[a-z]+'}", {"P": "A"}, "must match pattern"),
        ("{Type: String, MaxLength: 2}", {"P": "abc"}, "at most 2 characters"),
        ("{Type: Number, MinValue: 3}", {"P": "2"}, "not less than 3"),
        ("{Type: Number}", {"P": "x"}, "must be a number"),
        ("{Type: String, MinLength: 1, ConstraintDescription: say who}", {"P": ""}, "constraint: say who"),
        ("{Type: AWS::SSM::Parameter::Value<String>}", {"P": "/no"}, r"Unable to fetch parameters \[/no\]"),
    ],
)
def test_parameters_that_cannot_be(declared: str, given: dict[str, str], message: str):
    with pytest.raises(TemplateError, match=message):
        parameters.resolve(parse(f"Parameters: {{P: {declared}}}"), given, lambda _: None)


def test_the_sam_transform_runs_without_a_network():
    template = parse(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Hello:
            Type: AWS::Serverless::Function
            Properties:
              Handler: h.handler
              Runtime: python3.13
              CodeUri: s3://bucket/key
              Policies: [AWSLambdaExecute, {DynamoDBReadPolicy: {TableName: t}}]
        """
    )

    expanded = transform.expand(template, {}, "us-east-1")

    assert {one["Type"] for one in expanded["Resources"].values()} == {
        "AWS::Lambda::Function",
        "AWS::IAM::Role",
    }
    assert transform.expand(expanded, {}, "us-east-1") is expanded


def test_what_sam_refuses_is_said_in_its_words():
    template = parse(
        "{Transform: AWS::Serverless-2016-10-31, Resources: {F: {Type: AWS::Serverless::Function}}}"
    )

    with pytest.raises(TemplateError, match="CodeUri"):
        transform.expand(template, {}, "us-east-1")


def test_a_template_that_was_written_out_reads_the_same():
    template = parse('Resources: {A: {Type: T, Properties: {d: "2012-10-17", s: !Sub "${AWS::Region}"}}}')

    assert parse(dump(template)) == template
