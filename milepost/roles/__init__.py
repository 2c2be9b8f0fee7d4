"""The parts of a running Milepost, and the roles that run some of them in a process of their own."""
