"""``KubernetesExecutorConfig``: what a pipeline asks of the pods of an executor.

It is read once, into frozen values whose leaves are constants or parameters of a run. The table in
:mod:`.fields` has a row for each field: how it is read, and which fragment of a pod it adds. The
compiler renders the fragments into a pod template, the driver into a value of ``dsl.TaskConfig``.

To add a field, add an attribute to :class:`.fields.KubernetesExecutorConfig`, a row to the table,
and a golden.

Source: ``kubernetes_platform/proto/kubernetes_executor_config.proto`` of kubeflow/pipelines, and
the reference driver's ``k8s.go``.
"""
