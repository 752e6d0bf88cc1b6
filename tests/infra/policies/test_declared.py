"""The questions that rules ask of resources."""

from infra.policies.declared import (
    UNKNOWN,
    Declared,
    Stack,
    expect,
    expect_about,
    is_,
    listed,
    shown,
    statements,
)

VOLUME = Declared("aws:ebs/volume:Volume", "data", {"encrypted": False, "size": UNKNOWN})


def test_a_finding_names_resource_value_and_remedy():
    """Who reads it knows what to change, without looking the rule up."""
    (finding,) = expect(VOLUME, "encrypted", is_(wanted=True), "set encrypted=True")
    assert str(finding) == "Volume data: encrypted is false; set encrypted=True"


def test_what_is_not_known_yet_is_not_judged():
    """A preview of a new stack has values that only its update makes."""
    assert not list(expect(VOLUME, "size", is_(8), "set size=8"))
    assert VOLUME.at("size.of.nothing") is UNKNOWN
    assert shown(UNKNOWN) == "known after creation"


def test_only_true_is_true():
    """A text or a number that Python takes for true is a mistake."""
    assert is_(wanted=True)(True)  # noqa: FBT003
    assert not is_(wanted=True)("true")
    assert not is_(wanted=True)(1)


def test_what_is_missing_is_found_by_the_reference():
    """Another bucket's setting does not count for this one."""
    bucket, other = (Declared("aws:s3/bucket:Bucket", n, {}, n) for n in ("mine", "other"))
    kind = "aws:s3/bucketVersioning:BucketVersioning"
    versioning = Declared(kind, "v", {"bucket": UNKNOWN}, "v", {"bucket": frozenset({"other"})})
    stack = Stack([bucket, other, versioning])

    (finding,) = expect_about(stack, bucket, kind, "bucket", "declare it")

    assert str(finding) == "Bucket mine: no BucketVersioning is declared for it; declare it"
    assert not list(expect_about(stack, other, kind, "bucket", "declare it"))


def test_policy_documents_are_read_in_both_of_their_forms():
    """One statement may stand alone, as may one action; a document may not be known yet."""
    assert statements('{"Statement": {"Effect": "Deny"}}') == [{"Effect": "Deny"}]
    assert statements(UNKNOWN) == []
    assert listed("s3:*") == ["s3:*"]
    assert listed(None) == []


def test_a_long_value_is_cut():
    """User data fills no terminal."""
    assert len(shown("x" * 500)) == 80
