"""What a person opens after a training: pictures, errors by segment, the model card."""
