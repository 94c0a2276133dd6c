"""What every pipeline says: the preset dictionary with which a packed IR is deflated.

Deflate refers to a passage of this text by its distance from the end, and the nearer it is the
fewer bits that takes: the rarest words stand first. It is the JSON of blocks and of an index, as
:mod:`argosy_schemas.formats.packed_ir` writes them, of pipelines that the KFP SDK compiles.

It belongs to the format. Another dictionary is another major version, since what was deflated with
this one cannot be inflated with that; a test holds its digest.
"""

from __future__ import annotations

from typing import Final

_RARE: Final = (
    '"instanceSchema":"type: object\\ntitle: ","schemaTitle":"google.VertexModel",'
    '"taskConfigPassthroughs":[{"applyToTask":true,"field":"RESOURCES"},{"field":"ENV"},'
    '{"field":"KUBERNETES_TOLERATIONS"}]"parameterType":"TASK_CONFIG""literals":["'
    '"accelerator":{"count":"1","resourceCount":"1","resourceType":"nvidia.com/gpu","type":"'
    '"resources":{"cpuLimit":1,"cpuRequest":0.5,"memoryLimit":0.512,"memoryRequest":0.256,'
    '"resourceCpuLimit":"1","resourceCpuRequest":"500m","resourceMemoryLimit":"1Gi",'
    '"resourceMemoryRequest":"512Mi"}'
    '"pvcMount":[{"mountPath":"/data","pvcNameParameter":{"taskOutputParameter":{'
    '"outputParameterKey":"name","producerTask":"createpvc"}},"taskOutputParameter":{'
    '"image":"argostub/createpvc""access_modes":{"runtimeValue":{"constant":["ReadWriteOnce"]}},'
    '"pvc_name_suffix":{"runtimeValue":{"constant":"-my-pvc"}},"size":{"storage_class_name":{'
    '"constant":"standard"}}"image":"argostub/deletepvc"'
    '"retryPolicy":{"backoffDuration":"0s","backoffFactor":2,"backoffMaxDuration":"3600s",'
    '"maxRetryCount":3}"iteratorPolicy":{"parallelismLimit":2},"artifactIterator":{"itemInput":"'
    '"items":{"inputArtifact":"'
    '"importer":{"artifactUri":{"constant":"gs://","runtimeParameter":"uri"},"metadata":{'
    '"reimport":true,"typeSchema":{"schemaTitle":"system.Dataset","schemaVersion":"0.0.1"}}}'
    '{"IfPresent": {"InputName": "{"Concat": ["{{$.inputs.artifacts[\'{{$.outputs.artifacts[\''
    "{{$.outputs.parameters['Output'].output_file}}\"].uri}}\"].path}}{{$.pipeline_job_name}}"
    "{{$.pipeline_job_uuid}}{{$.pipeline_task_name}}{{$.workspace_path}}"
    "(PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location '"
    ' --user) && \\"$0\\" \\"$@\\"","program_path=$(mktemp)\\nprintf \\"%s\\" \\"$0\\" > '
    '\\"$program_path\\"\\npython3 -u \\"$program_path\\" \\"$@\\"\\n","def _make_parent_dirs'
    "\\nimport argparse\\n_parser = argparse.ArgumentParser(prog='description='')\\n"
    '_parser.add_argument(\\"--dest=\\"type=str, required=True, default=argparse.SUPPRESS)\\n'
    "_parsed_args = vars(_parser.parse_args())\\n"
    "kfp.components.executor_main                         --component_module_path"
)

_CONTROL_FLOW: Final = (
    '"parameterIterator":{"itemInput":"pipelinechannel--loop-item-param-1","items":{'
    '"inputParameter":"pipelinechannel--","raw":"[\\"1\\", \\"2\\", \\"3\\"]"}}'
    '"parameterExpressionSelector":"parseJson(string_value)[\\"-loop-item-subvar-'
    '"dependentTasks":["exit-handler-1"],"inputs":{"parameters":{"status":{"taskFinalStatus":{'
    '"producerTask":"exit-handler-1"}},"taskInfo":{"name":"triggerPolicy":{'
    '"strategy":"ALL_UPSTREAM_TASKS_COMPLETED"}"parameterType":"TASK_FINAL_STATUS"'
    '"valueFromOneof":{"parameterSelectors":[{"outputParameterKey":"'
    'pipelinechannel--condition-branches-1-oneof-1"producerSubtask":"condition-2"'
    '"triggerPolicy":{"condition":"int(inputs.parameter_values[\'pipelinechannel--'
    "inputs.parameter_values['pipelinechannel---Output'] == 'true' && !(inputs.parameter_values['"
    '"comp-condition-1":{"dag":{"tasks":{"comp-condition-branches-1":{"comp-exit-handler-1":{'
    '"comp-for-loop-1":{"dag":{"outputs":{"artifacts":{"artifactSelectors":[{'
    '"outputArtifactKey":"producerSubtask":"pipelinechannel--for-loop-1-pipelinechannel--'
)

_PYTHON: Final = (
    "import os\\n    import json\\n    with open(.path, 'w') as f:\\n        f.write(f.read()"
    "\\n    return \\n\\n\\ndef NamedTuple('outputs', [('Optional[List[Dict[List[str]: dict"
    "Output[Artifact]Input[Dataset], Output[Model], Output[Metrics]: OutputPath(str)"
    'for  in range(    print(f\\"str = \'int = 0: float, : bool = False) -> str:\\n    \\"\\"\\"'
)

_INTERFACE: Final = (
    '"artifacts":{"artifactType":{"schemaTitle":"system.Metrics","schemaVersion":"0.0.1"'
    '{"schemaTitle":"system.Model","schemaVersion":"0.0.1"}},{"artifactType":{"schemaTitle":'
    '"system.Artifact","schemaVersion":"0.0.1"}},"isArtifactList":true},"isOptional":true'
    '"description":"","parameterType":"NUMBER_DOUBLE"},"parameterType":"BOOLEAN"},'
    '"parameterType":"STRUCT"},"parameterType":"LIST"},"defaultValue":false,"isOptional":true,'
    '"inputDefinitions":{"artifacts":{"dataset":{"artifactType":{"schemaTitle":"system.Dataset",'
    '"schemaVersion":"0.0.1"}}},"parameters":{"NUMBER_INTEGER"},"outputDefinitions":{"artifacts":{'
)

_DAG: Final = (
    '"root":{"dag":{"outputs":{"parameters":{"Output":{"valueFromParameter":{'
    '"outputParameterKey":"Output","producerSubtask":"'
    '"inputs":{"artifacts":{"componentInputArtifact":"taskOutputArtifact":{"outputArtifactKey":"'
    '"producerTask":"},"parameters":{"componentInputParameter":"text":{"runtimeValue":{"constant":'
    "\"msg: {{$.inputs.parameters['pipelinechannel--"
    '"pipelinechannel---Output":{"taskOutputParameter":{"outputParameterKey":"Output",'
    '"producerTask":"'
    '"outputDefinitions":{"parameters":{"Output":{"parameterType":"STRING"}}}}},"'
    '"inputDefinitions":{"parameters":{"name":{"defaultValue":"","parameterType":"STRING"},"'
)

_BLOCK: Final = (
    '{"components":{"comp-print":{"executorLabel":"exec-","inputDefinitions":{"parameters":{"'
    '":{"parameterType":"NUMBER_INTEGER"}}},"outputDefinitions":{"parameters":{"Output":{'
    '"parameterType":"STRING"}}}},"root":{"dag":{"tasks":{"hello-world":{"cachingOptions":{'
    '"enableCache":true},"componentRef":{"name":"comp-hello-world"},"dependentTasks":["'
    '"],"inputs":{"parameters":{"text":{"componentInputParameter":"text"}}}}}},'
    '"inputDefinitions":{"parameters":{"text":{"parameterType":"STRING"}}}}},"control":{'
    '"executors":{"exec-":{"container":{"args":["--executor_input","{{$}}",'
    '"--function_to_execute","echo {{$.inputs.parameters[\'text\']}}"],"command":["sh","-c","'
    '\\nif ! [ -x \\"$(command -v pip)\\" ]; then\\n    python3 -m ensurepip || python3 -m '
    "ensurepip --user || apt-get install python3-pip\\nfi\\n\\nPIP_DISABLE_PIP_VERSION_CHECK=1 "
    "python3 -m pip install --quiet --no-warn-script-location 'pandas==2.2.0' 'scikit-learn'  &&  "
    "python3 -m pip install --quiet --no-warn-script-location 'kfp==2.14.3' '--no-deps' "
    '\'typing-extensions>=3.7.4,<5; python_version<\\"3.9\\"\' && \\"$0\\" \\"$@\\"\\n",'
    '"sh","-ec","program_path=$(mktemp -d)\\n\\nprintf \\"%s\\" \\"$0\\" > '
    '\\"$program_path/ephemeral_component.py\\"\\n_KFP_RUNTIME=true python3 -m '
    "kfp.dsl.executor_main                         --component_module_path"
    '                         \\"$program_path/ephemeral_component.py\\"'
    '                         \\"$@\\"\\n","\\nimport kfp\\nfrom kfp import dsl\\n'
    "from kfp.dsl import *\\nfrom typing import *\\n\\ndef hello_world(text: str) -> str:\\n"
    '    print(text)\\n    return text\\n\\n"],"env":[{"name":"","value":""}],'
    '"image":"python:3.9"}}'
    '"command":["sh","-c","echo","python3","-u","-c","cat","mkdir -p "$(dirname'
    '"image":"registry.access.redhat.com/ubi9/python-311:latest"}}"image":"busybox""image":"alpine"'
    '"image":"python:3.11"}}}}'
)

_INDEX: Final = (
    '{"blocks":[,"members":{"comp-"root":0},"pipeline":{"defaultPipelineRoot":"gs://'
    '"description":"A pipeline that ","displayName":"","name":"my-pipeline-pipeline-with-hello-'
    'world-pipeline","sdkVersion":"kfp-2.15.2"},"sdkVersion":"kfp-2.14.6"},"version":"1.0"}'
)

DICTIONARY: Final = "".join(
    (_RARE, _CONTROL_FLOW, _PYTHON, _INTERFACE, _DAG, _BLOCK, _INDEX)
).encode()
