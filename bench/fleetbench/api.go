//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// requestLimit is how long one request to the manager may take.
const requestLimit = 30 * time.Second

// api is the manager's API.
type api struct {
	client *http.Client
	base   string // http://host:port/api/
}

func newAPI(address string) *api {
	return &api{&http.Client{Timeout: requestLimit, Transport: &http.Transport{}}, "http://" + address + "/api/"}
}

func (a *api) close() { a.client.CloseIdleConnections() }

// get asks for a path below /api/ and gives the whole answer.
func (a *api) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("api/%s: %w", path, err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("api/%s: %w", path, err)
	}
	body, err := io.ReadAll(response.Body)
	if e := response.Body.Close(); err == nil {
		err = e
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("api/%s: %w", path, err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("api/%s: %s: %.200s", path, response.Status, body)
	}
	return body, nil
}

// clusterInfo is what we read of an entry of clusters-info.
type clusterInfo struct {
	ClusterName    string
	CountInstances int
}

// clusters gives all clusters that the manager knows.
func (a *api) clusters(ctx context.Context) ([]clusterInfo, error) {
	body, err := a.get(ctx, "clusters-info")
	if err != nil {
		return nil, err
	}
	var list []clusterInfo
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("api/clusters-info: %w", err)
	}
	return list, nil
}

// findings gives the analysis of each server that has one.
func (a *api) findings(ctx context.Context) (map[topology.Key][]string, error) {
	body, err := a.get(ctx, "replication-analysis")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Details []struct {
			AnalyzedInstanceKey topology.Key
			Analysis            string
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("api/replication-analysis: %w", err)
	}
	found := make(map[topology.Key][]string)
	for _, d := range answer.Details {
		if d.Analysis != "" && d.Analysis != "NoProblem" {
			found[d.AnalyzedInstanceKey] = append(found[d.AnalyzedInstanceKey], d.Analysis)
		}
	}
	return found, nil
}

// timing is how long a path of the API took.
type timing struct {
	path   string
	median time.Duration
	worst  time.Duration
	bytes  int
}

// timed asks for a path n times, one after the other.
func (a *api) timed(ctx context.Context, label, path string, n int) (timing, error) {
	t := timing{path: label}
	var took []time.Duration
	for range n {
		began := time.Now()
		body, err := a.get(ctx, path)
		if err != nil {
			return t, err
		}
		took = append(took, time.Since(began))
		t.bytes = len(body)
	}
	slices.Sort(took)
	t.median, t.worst = took[len(took)/2], took[len(took)-1]
	return t, nil
}

// clusterPath is the path of one cluster's servers.
func clusterPath(name string) string { return "cluster/" + url.PathEscape(name) }
