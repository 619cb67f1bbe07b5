"""Class: who is here, the queue, the memory, and clearing up; behind the password of the setting LATENT_TEACHER."""

from ui.teacher import clearing, door, queue

if door.door():
    clearing.clearing()
    queue.live()
