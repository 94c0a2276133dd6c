"""Recurring runs and their schedules."""
