"""One module per step: a Command, a Result and ``run(command, ports)``."""
