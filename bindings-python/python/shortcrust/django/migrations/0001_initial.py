from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    initial: ClassVar[bool | None] = True

    dependencies: ClassVar[Any] = []

    operations: ClassVar[Any] = [
        migrations.CreateModel(
            name="UserEpoch",
            fields=[
                (
                    "user",
                    models.CharField(
                        editable=False, max_length=255, primary_key=True, serialize=False
                    ),
                ),
                ("epoch", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="UserSession",
            fields=[
                (
                    "handle",
                    models.CharField(
                        editable=False, max_length=64, primary_key=True, serialize=False
                    ),
                ),
                ("sealed_key", models.TextField(editable=False)),
                ("user", models.CharField(db_index=True, max_length=255)),
                ("created", models.DateTimeField()),
                ("last_used", models.DateTimeField()),
                ("expires", models.DateTimeField(db_index=True)),
                ("label", models.CharField(blank=True, default="", max_length=200)),
                ("epoch", models.BigIntegerField(default=0, editable=False)),
            ],
            options={
                "verbose_name": "session of a user",
                "verbose_name_plural": "sessions of users",
                "ordering": ("-last_used",),
            },
        ),
    ]
