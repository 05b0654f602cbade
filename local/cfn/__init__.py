"""CloudFormation for the local cloud: real stacks, from templates with or without the SAM transform.

moto's own CloudFormation skips resource types it does not know and reports success. Here a type is either
created through the API of its service, or on a short list of types accepted without effect, or an error.
"""
