// How the tests of the controllers of Argo 4 are set up, for record_test.go.
package controller

import (
	"context"
	"testing"

	"k8s.io/client-go/tools/cache"

	wfv1 "ARGO_MODULE/pkg/apis/workflow/v1alpha1"
	"ARGO_MODULE/util/logging"
)

func recordingContext(t *testing.T) context.Context {
	return logging.TestContext(t.Context())
}

func recordingController(ctx context.Context, wf *wfv1.Workflow) (context.CancelFunc, *WorkflowController) {
	return newController(ctx, wf)
}

func recordingOperation(ctx context.Context, wf *wfv1.Workflow, controller *WorkflowController) *wfOperationCtx {
	return newWorkflowOperationCtx(ctx, wf, controller)
}

func recordingPods(woc *wfOperationCtx) cache.Indexer {
	return woc.controller.PodController.TestingPodInformer().GetIndexer()
}
