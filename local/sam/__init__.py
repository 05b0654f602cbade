"""What the SAM CLI does before CloudFormation comes in: find the code of a template and upload it."""
