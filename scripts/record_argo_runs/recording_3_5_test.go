// How the tests of Argo 3.5's controller are set up, for record_test.go.
package controller

import (
	"context"
	"testing"

	"k8s.io/client-go/tools/cache"

	wfv1 "ARGO_MODULE/pkg/apis/workflow/v1alpha1"
)

func recordingContext(_ *testing.T) context.Context {
	return context.Background()
}

func recordingController(_ context.Context, wf *wfv1.Workflow) (context.CancelFunc, *WorkflowController) {
	return newController(wf)
}

func recordingOperation(_ context.Context, wf *wfv1.Workflow, controller *WorkflowController) *wfOperationCtx {
	return newWorkflowOperationCtx(wf, controller)
}

func recordingPods(woc *wfOperationCtx) cache.Indexer {
	return woc.controller.podInformer.GetIndexer()
}
