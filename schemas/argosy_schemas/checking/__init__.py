"""The rules for pipelines beyond their structure, one module for each part of a pipeline."""
