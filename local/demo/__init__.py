"""The main job, shown: a good release, one whose tasks crash, one that serves errors."""
