"""CP or AP, from behaviour: runs of a target under splits and other faults, and the card that they come to.

A map; what stands further down may import what stands further up:

- `windows`       fault windows of a history: when a fault held, its sides, what was asked meanwhile
- `availability`  shares answered in windows, by three definitions, with intervals over windows
- `final_state`   what copies held at the end, and which acknowledged writes are gone
- `evidence`      all that one run says
- `sequential`    the test by which sampling stops
- `rule`          from what was counted to a class
- `figures`       from the evidence of many runs to what is counted
- `models`        which consistency models were refuted, how often at most, and which is the strongest left
- `claims`        what a target claims against the class and the models
- `timeline`      availability and staleness of a side over time
- `card`          all of it as one record
- `card_file`     the record as `card.json`
- `words`         a card for the terminal, and figures in words
- `scenarios`     what is done to a cluster, as tests of a campaign
- `record`        the folder of a classification
- `rounds`        runs until the classes are settled
- `markdown` `page` `badge`  a card as a file, to look at, for a README
- `changes`       a card against an earlier one
- `textbook`      what the usual tables say about systems
- `calls`         `splitbrain.classify`

The package is not called `classify`, which is the name of the call.
"""
