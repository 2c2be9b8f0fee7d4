"""The collector: takes events and spans at the door, answers once they are stored, keeps what it refuses."""
