"""What runs take place in: one small protocol, engines of this machine and of Argo, and a fake."""
