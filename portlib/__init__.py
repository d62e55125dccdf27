"""portlib: the methodology of *Prudent by Construction*, one module per chapter.

Data flows one way: data, estimation, construction, retirement, stewardship. A layer imports only
from those before it and from the four ground-floor modules (records, data, evidence, figures).
"""
