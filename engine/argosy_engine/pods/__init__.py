"""Pods on this machine: driver and launcher in process, the command as a child process."""
