// Command load asks HTTP servers from several clients side by side and tells how long each answer took.
//
// It reads a plan from standard input and writes what it measured to standard output, both JSON. A turn is all steps of the
// plan, one after the other, as one client takes them; a client begins its next turn when the last one ended. Each client
// keeps its own connection. An answer whose status is not 200, or that lacks the text it must hold, ends the program with
// code 1: a fast refusal is not to be taken for a fast answer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Step is one POST and the text that its answer must hold.
type Step struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Holds   string            `json:"holds"`
}

// A Plan is what is asked in a turn, by how many clients, and for how long. Turns that begin in the first Warm seconds are
// made and not counted.
type Plan struct {
	Steps   []Step  `json:"steps"`
	Clients int     `json:"clients"`
	Warm    float64 `json:"warm_seconds"`
	Seconds float64 `json:"seconds"`
}

// Measured is what came of it: the milliseconds of each counted turn, and the seconds from the first one's beginning to
// the last one's end.
type Measured struct {
	Milliseconds []float64 `json:"milliseconds"`
	Seconds      float64   `json:"seconds"`
}

func main() {
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		fail(err)
	}
	measured, err := carryOut(plan)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(measured); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

func carryOut(plan Plan) (Measured, error) {
	begun := time.Now()
	counted := begun.Add(seconds(plan.Warm))
	over := counted.Add(seconds(plan.Seconds))
	var (
		clients sync.WaitGroup
		first   atomic.Pointer[error]
		turns   = make([][]float64, plan.Clients)
	)
	for number := range plan.Clients {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}
			for first.Load() == nil && time.Now().Before(over) {
				start := time.Now()
				for _, step := range plan.Steps {
					if err := ask(client, step); err != nil {
						first.CompareAndSwap(nil, &err)
						return
					}
				}
				if !start.Before(counted) {
					turns[number] = append(turns[number], float64(time.Since(start).Nanoseconds())/1e6)
				}
			}
		})
	}
	clients.Wait()
	if err := first.Load(); err != nil {
		return Measured{}, *err
	}
	measured := Measured{Milliseconds: []float64{}, Seconds: time.Since(counted).Seconds()}
	for _, of := range turns {
		measured.Milliseconds = append(measured.Milliseconds, of...)
	}
	return measured, nil
}

func ask(client *http.Client, step Step) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, step.URL, bytes.NewReader([]byte(step.Body)))
	if err != nil {
		return err
	}
	for name, value := range step.Headers {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(step.Holds)) {
		return fmt.Errorf("%s answered %d: %.300s", step.URL, answer.StatusCode, body)
	}
	return nil
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}
