"""Deployments that the templates are looked at for, each by what is set in it."""

from __future__ import annotations

from stacks.settings import Settings

KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
BOUNDARY = "arn:aws:iam::111122223333:policy/everybody"

EXISTING_BUCKET = Settings(input_bucket="acme-photos")
OWN_VPC = Settings(
    region="eu-central-1",
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-01234567", "subnet-89abcdef"),
    availability_zones=("eu-central-1a", "eu-central-1b"),
)
KEPT_CLOSE = Settings(
    region="eu-central-1",
    kms_key_arn=KEY,
    access_logs=True,
    intelligent_tiering=True,
    old_version_days=20,
    job_days=90,
    permission_boundary=BOUNDARY,
    limits=("pages=100", "pixels=5000"),
)
"""What a company sets that keeps its data close, and for no longer than it must."""

CASES = {
    "prod": Settings(environment="prod"),
    "no-sign-in": Settings(sign_in=False),
    "own-vpc": OWN_VPC,
    "graviton": Settings(architecture="arm64"),
    "image-by-uri": Settings(
        worker_image_uri="111122223333.dkr.ecr.eu-central-1.amazonaws.com/tilework:1.2.3"
    ),
    "existing-bucket": EXISTING_BUCKET,
    "kept-close": KEPT_CLOSE,
}
"""Each by the name of its snapshot."""
