"""What has each layer learned? Arrays in, arrays out; works in a notebook.

| word | question | where |
|---|---|---|
| activity | what does every layer answer to every image? | `activity.activity` |
| maximizers | which patches excite a unit most? | `maximizers.Maximizers` |
| selectivity | what does a unit prefer, and how choosy is it? | `selectivity.selectivity` |
| neighbours | which images and patches are alike to a layer? | `neighbours.nearest_images` |
| probes | how well can classes be read off a layer? | `probes.probe` |
| protocols | in which ways is a probe fitted? | `protocols.PROTOCOLS` |
| votes | is an image of the class of its neighbours? | `votes.voted` |
| similarity | how alike do two layers arrange the images? | `similarity.table` |
| matching | which units of two layers answer alike? | `matching.one_to_one` |
| embedding | how does a layer arrange the images? | `embedding.embedding` |
| predictions | is a unit what its layer predicted of it? | `predictions.predictions` |
| learning | what do futures score, and where does the update lead? | `plasticity.plasticity` |
"""
