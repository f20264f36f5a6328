"""Campaigns: a grid of runs from a file, carried out by several processes, judged test by test.

A map, in the order in which they are used:

- `file`      the TOML file: tables of tests as data, every mistake told with its line
- `grid`      tables to tests (lists multiply), tests × seeds to tasks, and their order
- `tasks`     one run as data, to a worker and back: Task, RunLine
- `worker`    the process that carries out tasks, one after the other
- `executor`  WorkerPool: `concurrent.futures` over such processes, with time and memory limits of each task
- `on_ray`    RayPool: the same on a Ray cluster
- `record`    CampaignFolder: `campaign.toml`, `runs.jsonl` and the rest, kept so that any end can be resumed
- `outcome`   what the runs of a test mean, and what the tests of a campaign mean
- `chance`    which differences between two sets of runs chance does not explain
- `baseline`  what the runs of each test came to, as a file made for review
- `compare`   two baselines: what is new, what is better;  `against`  a campaign and the baseline that it is held to
- `sides`     two runs, campaigns or baselines side by side
- `failed`    seeds that failed, kept in the user's `regressions/` and tried first
- `guide`     which configuration is tried next;  `reached`  the states that nodes marked so far, and the guides
- `execute`   the loop: submit, collect, keep, until all is done, the deadline comes or somebody interrupts
- `summary`   a campaign in Markdown
- `page`      a campaign as one page: the grid, and what is behind each cell
- `calls`     `splitbrain.campaign`

The package is not called `campaign`, which is the name of the call.
"""
