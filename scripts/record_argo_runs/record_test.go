// Replays pods in Argo's own controller, on a fake cluster, and writes the workflows at their end.
package controller

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"testing"
	"time"

	apiv1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	wfv1 "ARGO_MODULE/pkg/apis/workflow/v1alpha1"
	"ARGO_MODULE/workflow/common"
)

type recordedPod struct {
	Phase    string            `json:"phase"`
	Message  string            `json:"message"`
	ExitCode int32             `json:"exitCode"`
	Outputs  map[string]string `json:"outputs"`
	Stopped  bool              `json:"stopped"`
}

type scenario struct {
	Workflow *wfv1.Workflow         `json:"workflow"`
	Pods     map[string]recordedPod `json:"pods"`
	Stop     bool                   `json:"stop"`
}

var (
	stepGroup = regexp.MustCompile(`\[\d+\]`)
	root      = regexp.MustCompile(`^wf\.?`)
)

func TestRecord(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("ARGOSY_SCENARIOS"))
	if err != nil {
		t.Fatal(err)
	}
	scenarios := map[string]scenario{}
	if err := json.Unmarshal(text, &scenarios); err != nil {
		t.Fatal(err)
	}
	ended := map[string]*wfv1.Workflow{}
	for name, one := range scenarios {
		ended[name] = replay(t, one)
	}
	text, err = json.Marshal(ended)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("ARGOSY_RECORDED"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func replay(t *testing.T, one scenario) *wfv1.Workflow {
	ctx := recordingContext(t)
	cancel, controller := recordingController(ctx, one.Workflow)
	defer cancel()
	events := controller.eventRecorderManager.(*testEventRecorderManager).eventRecorder.Events
	go func() {
		// The recorder blocks once its buffer is full.
		for range events {
		}
	}()
	woc := recordingOperation(ctx, one.Workflow, controller)
	for range 100 {
		woc.operate(ctx)
		if woc.wf.Status.Fulfilled() {
			return woc.wf
		}
		wf := woc.wf
		if !endPods(ctx, woc, one) {
			// Only pods that a stop ends are left.
			if one.Stop {
				wf.Spec.Shutdown = wfv1.ShutdownStrategyStop
			}
			// Or the time of the workflow has to be up.
			time.Sleep(100 * time.Millisecond)
			stopped := one
			stopped.Pods = map[string]recordedPod{}
			for name, pod := range one.Pods {
				pod.Stopped = false
				stopped.Pods[name] = pod
			}
			woc = recordingOperation(ctx, wf, controller)
			woc.operate(ctx)
			wf = woc.wf
			if wf.Spec.Shutdown != "" || isLate(wf) {
				endPods(ctx, woc, stopped)
			}
		}
		woc = recordingOperation(ctx, wf, controller)
	}
	t.Fatal("the workflow did not end ", wfv1.MustMarshallJSON(woc.wf.Status.Nodes))
	return nil
}

func isLate(wf *wfv1.Workflow) bool {
	seconds := wf.Spec.ActiveDeadlineSeconds
	return seconds != nil && time.Since(wf.Status.StartedAt.Time) > time.Duration(*seconds)*time.Second
}

// endPods lets pods start, and those that run end; it returns whether any did either.
func endPods(ctx context.Context, woc *wfOperationCtx, one scenario) bool {
	podcs := woc.controller.kubeclientset.CoreV1().Pods(woc.wf.Namespace)
	pods, err := podcs.List(ctx, metav1.ListOptions{})
	if err != nil {
		panic(err)
	}
	changed := false
	for _, pod := range pods.Items {
		name := pod.Annotations[common.AnnotationKeyNodeName]
		how, known := one.Pods[stepGroup.ReplaceAllString(root.ReplaceAllString(name, ""), "")]
		if !known {
			panic("no pod " + name)
		}
		switch {
		case pod.Status.Phase == "" || pod.Status.Phase == apiv1.PodPending:
			pod.Status.Phase = apiv1.PodRunning
		case pod.Status.Phase == apiv1.PodRunning && !how.Stopped:
			end(ctx, woc, &pod, how)
		default:
			continue
		}
		changed = true
		updated, err := podcs.Update(ctx, &pod, metav1.UpdateOptions{})
		if err != nil {
			panic(err)
		}
		if err := recordingPods(woc).Update(updated); err != nil {
			panic(err)
		}
	}
	return changed
}

func end(ctx context.Context, woc *wfOperationCtx, pod *apiv1.Pod, how recordedPod) {
	pod.Status.Phase = apiv1.PodSucceeded
	if how.Phase != "Succeeded" {
		pod.Status.Phase = apiv1.PodFailed
	}
	for _, container := range pod.Spec.Containers {
		ended := &apiv1.ContainerStateTerminated{}
		if container.Name == "main" {
			ended.ExitCode, ended.Message = how.ExitCode, how.Message
			if how.ExitCode != 0 {
				ended.Reason = "Error"
			}
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, apiv1.ContainerStatus{
			Name: container.Name, State: apiv1.ContainerState{Terminated: ended},
		})
	}
	node := woc.nodeID(pod)
	outputs := &wfv1.Outputs{}
	for name, value := range how.Outputs {
		outputs.Parameters = append(outputs.Parameters, wfv1.Parameter{
			Name: name, Value: wfv1.AnyStringPtr(value),
		})
	}
	result := &wfv1.WorkflowTaskResult{
		ObjectMeta: metav1.ObjectMeta{
			Name: node, Namespace: woc.wf.Namespace,
			Labels: map[string]string{
				common.LabelKeyWorkflow:               woc.wf.Name,
				common.LabelKeyReportOutputsCompleted: "true",
			},
		},
		NodeResult: wfv1.NodeResult{Outputs: outputs},
	}
	if err := woc.controller.taskResultInformer.GetIndexer().Add(result); err != nil {
		panic(err)
	}
}
