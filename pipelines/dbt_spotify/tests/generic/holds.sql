{# Fails for every row for which the expression is not true; null counts as true. #}
{% test holds(model, expression) %}

select *
from {{ model }}
where not coalesce({{ expression }}, true)

{% endtest %}
