{# Fails for each row for which the expression is false; null counts as true. #}
{% test holds(model, expression) %}

select *
from {{ model }}
where not coalesce({{ expression }}, true)

{% endtest %}
