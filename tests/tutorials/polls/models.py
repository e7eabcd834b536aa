"""Questions and their choices."""

from django.db import models


class Question(models.Model):
    question_text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return str(self.question_text)


class Choice(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE)
    choice_text = models.CharField(max_length=200)
    votes = models.IntegerField(default=0)

    def __str__(self) -> str:
        return str(self.choice_text)
