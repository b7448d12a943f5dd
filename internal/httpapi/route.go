package httpapi

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"orchestrator/internal/operate"
)

// muxPattern turns `instance/:host/:port` into what http.ServeMux understands.
func muxPattern(route string) string {
	segments := strings.Split(route, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}

// inputOf reads the arguments of an operation from the path and the query; a query wins over the path. A parameter
// of the path that holds an encoded slash does not match any route: found is false then.
func inputOf(o *operate.Operation, route string, r *http.Request) (values map[operate.Param]string, found bool, err error) {
	values = map[operate.Param]string{}
	for segment := range strings.SplitSeq(route, "/") {
		name, ok := strings.CutPrefix(segment, ":")
		if !ok {
			continue
		}
		text := r.PathValue(name)
		if strings.Contains(text, "/") {
			return nil, false, nil
		}
		text = strings.TrimSpace(text)
		p, _ := operate.PlaceholderOf(name)
		switch {
		case p.Port:
			if port, bad := strconv.Atoi(text); bad != nil || port < 1 || port > 65535 {
				//lint:ignore ST1005 the text is published
				err = fmt.Errorf("Invalid port: %s", text)
			}
			values[p.Param] = net.JoinHostPort(values[p.Param], text)
		case p.Value:
			values[p.Param] += "=" + text
		default:
			values[p.Param] = text
		}
	}
	query := r.URL.Query()
	for _, a := range o.Args {
		if name := a.Param.Query(); name != "" {
			if text := strings.TrimSpace(query.Get(name)); text != "" {
				values[a.Param] = text
			}
		}
	}
	return values, true, err
}
