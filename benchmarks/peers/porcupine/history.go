// From a file to what Porcupine checks. The file is one JSON object of columns, an entry an operation:
//
//	{"model": "register",      "register", "kv" (each key apart) or "kv-whole" (all keys), "fifo-queue", "stack",
//	                           "priority-queue", "deque", "lin-counter", "lin-set", "versioned-kv", "multi-register"
//	 "initial": 0,             register: the value at first; in a kv every key is empty at first
//	 "f": ["write", "read", "cas"],
//	 "key": [0, 0, 0],         numbers from 0
//	                           containers: what is put in, and what a take returned; 0 nothing, -1 unknown
//	                           others: see objects.go
//	 "argument": [1, 0, 1],    register: what is written, or the value a cas expects
//	 "second": [0, 0, 2],      register: the value a cas leaves
//	 "result": [0, 1, 0],      register: what a read saw
//	 "text": ["x", …],         kv: what a put or append was given, or what a get saw
//	 "revision": [1, …],       versioned-kv: the revision that came back
//	 "pairs": [[[0, 5]], …],   multi-register: the registers of a call, and the values written or seen
//	 "call": [0, 1, 4],        moments, all different
//	 "return": [2, 3, -1]}     -1 if nobody knows whether it happened: then it returns after everything else
//
// Operations that failed, and reads whose answer nobody saw, are not in the file.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"github.com/anishathalye/porcupine"
)

type columns struct {
	Model    string     `json:"model"`
	Initial  int        `json:"initial"`
	F        []string   `json:"f"`
	Key      []int      `json:"key"`
	Argument []int      `json:"argument"`
	Second   []int      `json:"second"`
	Result   []int      `json:"result"`
	Text     []string   `json:"text"`
	Revision []int      `json:"revision"`
	Pairs    [][][2]int `json:"pairs"`
	Call     []int      `json:"call"`
	Return   []int      `json:"return"`
}

type history struct {
	model  porcupine.Model
	events []porcupine.Event
}

func load(path string) (*history, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var read columns
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	keys := 0
	for _, key := range read.Key {
		keys = max(keys, key+1)
	}
	model, inputs, err := modelled(&read, keys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if keys > 1 && (read.Model == "register" || read.Model == "kv") {
		model.PartitionEvent = partition(read.Key, keys)
	}
	return &history{model, events(&read, inputs)}, nil
}

func modelled(read *columns, keys int) (model porcupine.Model, inputs []any, err error) {
	switch read.Model {
	case "fifo-queue", "stack":
		model, inputs = container(read, read.Model == "stack")
	case "priority-queue", "deque":
		model, inputs = ends(read)
	case "lin-counter":
		model, inputs = counter(read)
	case "lin-set":
		model, inputs = set(read)
	case "versioned-kv":
		model, inputs, err = versionedKV(read, keys)
	case "multi-register":
		model, inputs, err = multiRegister(read)
	case "register":
		model, inputs = register(read)
	case "kv":
		model, inputs = kv(read)
	case "kv-whole":
		model, inputs = whole(read, keys)
	default:
		err = fmt.Errorf("no model %q", read.Model)
	}
	return
}

// The whole operation stands in the value of its call, so that a step looks in one place only.
func events(read *columns, inputs []any) []porcupine.Event {
	type moment struct {
		at, id int
		kind   porcupine.EventKind
	}
	end := 0
	for row := range read.Call {
		end = max(end, read.Call[row], read.Return[row])
	}
	moments := make([]moment, 0, 2*len(inputs))
	for row := range inputs {
		returned := read.Return[row]
		if returned < 0 {
			returned = end + 1 + row
		}
		moments = append(moments, moment{read.Call[row], row, porcupine.CallEvent})
		moments = append(moments, moment{returned, row, porcupine.ReturnEvent})
	}
	sort.Slice(moments, func(i, j int) bool { return moments[i].at < moments[j].at })
	out := make([]porcupine.Event, len(moments))
	for i, m := range moments {
		out[i] = porcupine.Event{Kind: m.kind, Id: m.id}
		if m.kind == porcupine.CallEvent {
			out[i].Value = inputs[m.id]
		}
	}
	return out
}

// Each key by itself; slices of the right size, so that nothing is copied twice.
func partition(key []int, keys int) func([]porcupine.Event) [][]porcupine.Event {
	sizes := make([]int, keys)
	for _, k := range key {
		sizes[k] += 2
	}
	return func(events []porcupine.Event) [][]porcupine.Event {
		parts := make([][]porcupine.Event, keys)
		for k, size := range sizes {
			parts[k] = make([]porcupine.Event, 0, size)
		}
		for _, event := range events {
			k := key[event.Id]
			parts[k] = append(parts[k], event)
		}
		return parts
	}
}
