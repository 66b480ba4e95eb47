"""Models: one paper per file; a configuration and ``forward(features, lengths) -> logits``.

A model class has a dataclass ``Config`` and is made by ``Model(config, blocks, num_classes)``;
``blocks`` maps the names of the feature blocks to their widths. ``forward`` takes the blocks as
padded batches [B, T, d] with ``lengths`` [B] and returns logits [B, C]. The attributes ``blocks``,
``num_classes`` (C) and ``num_parameters`` tell training what it was made for and how large it is.
Where ratings are learned, C is the number of dimensions and the logits are ratings, of which -1 and
1 are the ends of the training part's range; a model with a ``training_loss`` learns classes alone.

A model that reads more of an utterance than its frames names that in ``inputs``, a tuple of keys of
``pyser.train.extras.EXTRAS``. It finds it among the features, and is made with a further argument
``known``: a dict of what was found out about them in training, such as the vocabulary. Of the keys
in ``optional_inputs`` it reads those whose option of the same name (a bool, off by default) is on.

A model whose loss is more than the cross entropy of its logits has a method
``training_loss(features, lengths, labels, criterion)``: ``labels`` [B] are those of the batch, and
``criterion(logits, owners)`` is the mean cross entropy as the training settings want it, where row
n of ``logits`` [N, C] is of utterance ``owners[n]`` (left out: of utterance n).

A model that learns something of the training part before its labels has a method
``pretrain(train_set, seed)``: ``train_set`` is a list of (features [T, D], label), and extras are
``features.extras``. It is called once, before the first epoch, returns a line that tells what it
reached, and leaves its results in weights or buffers of the model, where they are saved. The same
seed gives the same results.

A model that is not trained by gradients has a method ``fit_examples(train_set, dev_set)``, which
fits it to lists of (features [T, D], label) and returns a dict of what it found; it takes no
training settings and no seed. ``libraries`` names packages its results depend on.
"""

from pyser.models.registry import Registry

# name: module and class; a model is imported when it is asked for
MODELS = Registry(
    {
        "acrnn3d": "pyser.models.acrnn3d.ACRNN3D",
        "blstm": "pyser.models.blstm.LatentBLSTM",
        "cnn_att": "pyser.models.cnn_att.CNNAttention",
        "cnn_gru_seqcap": "pyser.models.cnn_gru_seqcap.CNNGRUSeqCap",
        "hnsd": "pyser.models.hnsd.HNSD",
        "localatt": "pyser.models.localatt.LocalAttention",
        "lstm_ctc": "pyser.models.lstm_ctc.AttentionCTC",
        "mscnn": "pyser.models.mscnn.MSCNN",
        "sdcaff": "pyser.models.sdcaff.SDCAFF",
        "semantic": "pyser.models.semantic.Semantic",
        "svm": "pyser.models.svm.SVM",
        "transformer": "pyser.models.transformer.Transformer",
        "transformer_aux": "pyser.models.transformer_aux.TransformerAux",
    }
)
